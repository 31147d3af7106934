package io.nbd4j.engine.transfer;

import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.transfer.Exchange.Mode;
import io.nbd4j.model.Errno;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.ScriptedTransport;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random commands with random replies in random pieces, against a plain model of the outcome. */
final class TransferModelTest {

  private static final int ROUNDS = 150;
  private static final List<Mode> MODES = List.of(Mode.values());
  private static final int[] ERRORS = {Errno.EPERM, Errno.EIO, Errno.ENOSPC, Errno.ESHUTDOWN};

  /** A command with what the server will send and what must come of it. */
  private static final class Planned {
    final Command command;
    final long cookie;
    final int buffer;
    final byte[] content;
    final Deque<Bytes> replies = new ArrayDeque<>();
    int error;

    Planned(Command command, int buffer, byte[] content) {
      this.command = command;
      this.cookie = command.cookie;
      this.buffer = buffer;
      this.content = content;
    }
  }

  @Test
  void everyCommandEndsAsItsRepliesSay() throws IOException {
    for (int round = 0; round < ROUNDS; round++) {
      long seed = 77_000L + round;
      try {
        play(new Random(seed));
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static void play(Random random) throws IOException {
    Mode mode = MODES.get(random.nextInt(MODES.size()));
    Exchange exchange = new Exchange(mode);
    List<Planned> all = new ArrayList<>();
    int reads = 0;
    int count = 1 + random.nextInt(90);
    for (int i = 0; i < count; i++) {
      long offset = random.nextInt(1 << 20);
      boolean read = random.nextInt(3) > 0;
      byte[] content = new byte[1 + random.nextInt(random.nextInt(8) == 0 ? 20_000 : 50)];
      Command command =
          read
              ? exchange.read(offset, content.length)
              : random.nextBoolean()
                  ? exchange.write(offset, content)
                  : exchange.other(TRIM, offset, 4096);
      Planned planned = new Planned(command, read ? reads++ : -1, content);
      if (random.nextInt(6) == 0) {
        planned.error = ERRORS[random.nextInt(ERRORS.length)];
      }
      plan(mode, planned, random);
      all.add(planned);
    }
    transfer(exchange, all, random);
    check(exchange, all);
  }

  private static void plan(Mode mode, Planned planned, Random random) {
    Command command = planned.command;
    boolean read = planned.buffer >= 0;
    if (mode == Mode.SIMPLE || (mode == Mode.STRUCTURED && !read && random.nextBoolean())) {
      Bytes reply = simple(planned.error, planned.cookie);
      if (read) {
        random.nextBytes(planned.content);
        if (planned.error == 0) {
          reply.put(planned.content);
        } else {
          Arrays.fill(planned.content, Exchange.UNTOUCHED);
        }
      }
      planned.replies.add(reply);
      return;
    }
    List<Bytes> chunks = new ArrayList<>();
    if (read) {
      pieces(mode, planned, chunks, random);
    }
    if (planned.error != 0) {
      chunks.add(
          random.nextInt(chunks.size() + 1),
          chunk(mode, 0, CHUNK_ERROR, command, error(planned.error, "text")));
    }
    chunks.add(chunk(mode, DONE, CHUNK_NONE, command, new Bytes()));
    planned.replies.addAll(chunks);
  }

  private static void pieces(Mode mode, Planned planned, List<Bytes> chunks, Random random) {
    Command command = planned.command;
    byte[] content = planned.content;
    for (int from = 0; from < content.length; ) {
      int length = 1 + random.nextInt(content.length - from);
      byte[] part = new byte[length];
      if (random.nextInt(3) == 0) {
        chunks.add(chunk(mode, 0, CHUNK_HOLE, command, hole(command.offset + from, length)));
      } else {
        random.nextBytes(part);
        chunks.add(chunk(mode, 0, CHUNK_DATA, command, data(command.offset + from, part)));
      }
      System.arraycopy(part, 0, content, from, length);
      from += length;
    }
    Collections.shuffle(chunks, random);
  }

  private static Bytes chunk(Mode mode, int flags, int type, Command command, Bytes payload) {
    return mode == Mode.EXTENDED
        ? extendedChunk(flags, type, command.cookie, command.offset, payload)
        : io.nbd4j.script.Messages.chunk(flags, type, command.cookie, payload);
  }

  /** Sends and answers in turns, an answer never before the header of its request. */
  private static void transfer(Exchange exchange, List<Planned> all, Random random)
      throws IOException {
    ScriptedTransport transport =
        new ScriptedTransport(new Bytes()).accepting(1 + random.nextInt(3000));
    if (random.nextBoolean()) {
      transport.pieces(1 + random.nextInt(200));
    }
    List<Planned> open = new ArrayList<>(all);
    boolean sent = false;
    while (!open.isEmpty()) {
      if (!sent && random.nextInt(3) == 0) {
        sent = exchange.writer.run(transport);
        continue;
      }
      Planned next = open.get(random.nextInt(open.size()));
      if (next.command.stage() == Command.Stage.QUEUED) {
        sent = exchange.writer.run(transport);
        continue;
      }
      transport.feed(next.replies.poll());
      if (next.replies.isEmpty()) {
        open.remove(next);
      }
      if (random.nextBoolean()) {
        exchange.receive(transport);
      }
    }
    exchange.send(transport);
    exchange.receive(transport);
  }

  private static void check(Exchange exchange, List<Planned> all) {
    assertEquals(0, exchange.commands.inFlight());
    assertEquals(all.size(), exchange.events.size(), () -> exchange.events.toString());
    for (Planned planned : all) {
      String end = "ended " + planned.cookie;
      String expected = planned.error == 0 ? end : end + " " + Errno.name(planned.error);
      List<String> ends =
          exchange.events.stream()
              .filter(event -> event.equals(end) || event.startsWith(end + " "))
              .toList();
      assertEquals(1, ends.size(), () -> end + " in " + exchange.events);
      assertTrue(
          ends.getFirst().equals(expected)
              || ends.getFirst().startsWith(expected + " buffer")
              || ends.getFirst().startsWith(expected + " \"text\""),
          () -> expected + " but " + ends);
      if (planned.buffer >= 0) {
        assertEquals(
            HexFormat.of().formatHex(planned.content), exchange.content(planned.buffer), end);
      }
    }
  }
}
