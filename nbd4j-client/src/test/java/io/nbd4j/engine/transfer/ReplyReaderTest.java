package io.nbd4j.engine.transfer;

import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.transfer.Exchange.Mode;
import io.nbd4j.model.Extent64Callback;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.ScriptedTransport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every reply as it is, and cut in every way: the result is always the same. */
final class ReplyReaderTest {

  private static final String DISCONNECTED =
      "failed PROTOCOL NONE recv: server disconnected unexpectedly";

  static Stream<ReplyCase> cases() {
    return Stream.concat(ReadReplies.all().stream(), OtherReplies.all().stream());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void comesOutAsTheProtocolSays(ReplyCase replies) throws IOException {
    Exchange exchange = play(replies, new ScriptedTransport(replies.server()));
    String all = String.join("\n", exchange.events);
    assertEquals(replies.events.size(), exchange.events.size(), all);
    for (int i = 0; i < replies.events.size(); i++) {
      String line = replies.events.get(i);
      String event = exchange.events.get(i);
      assertEquals(
          line.endsWith("*") ? line.substring(0, line.length() - 1) : line,
          line.endsWith("*") && event.length() >= line.length()
              ? event.substring(0, line.length() - 1)
              : event,
          all);
    }
    for (int i = 0; i < replies.contents.size(); i++) {
      assertEquals(replies.contents.get(i), exchange.content(i), "buffer " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void isTheSameHoweverTheBytesArrive(ReplyCase replies) throws IOException {
    String whole = play(replies, new ScriptedTransport(replies.server())).toString();
    for (int size : new int[] {1, 2, 3, 7, 15, 16, 20, 21, 32, 33}) {
      assertSame(
          whole,
          play(replies, new ScriptedTransport(replies.server()).pieces(size)),
          "pieces of " + size);
      assertSame(
          whole,
          play(replies, new ScriptedTransport(replies.server()).pieces(size).pausing()),
          "pieces of " + size + " with pauses");
    }
    for (int at = 0; at <= replies.server().size(); at++) {
      assertSame(
          whole, play(replies, new ScriptedTransport(replies.server()).cutAt(at)), "cut at " + at);
    }
  }

  /** A connection that fails may have read more or less behind the fault: that does not count. */
  private static void assertSame(String whole, Exchange exchange, String how) {
    String played = exchange.toString();
    boolean failed = exchange.events.getLast().startsWith("failed");
    assertEquals(
        failed ? withoutReceivedBytes(whole) : whole,
        failed ? withoutReceivedBytes(played) : played,
        how);
  }

  private static String withoutReceivedBytes(String text) {
    return text.replaceFirst("(counters: \\d+ \\d+) \\d+ ", "$1 ");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void endsInOrderWhereverTheServerEnds(ReplyCase replies) throws IOException {
    Set<Integer> boundaries = new HashSet<>(Set.of(0));
    int sum = 0;
    for (Bytes message : replies.replies) {
      sum += message.size();
      boundaries.add(sum);
    }
    byte[] server = replies.server().toArray();
    for (int at = 0; at <= server.length; at++) {
      Bytes some = new Bytes().put(Arrays.copyOf(server, at));
      List<String> expected = new ArrayList<>(play(replies, new ScriptedTransport(some)).events);
      List<String> actual = play(replies, new ScriptedTransport(some).endAt(at)).events;
      if (expected.isEmpty() || !expected.getLast().startsWith("failed")) {
        expected.add(boundaries.contains(at) ? "end" : DISCONNECTED);
      }
      assertEquals(expected, actual, "the server ends at " + at);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aWaiterGetsTheSame(ReplyCase replies) throws IOException {
    Exchange expected = play(replies, new ScriptedTransport(replies.server()));
    for (int pieces : new int[] {1, 5, 1000}) {
      Exchange exchange = new Exchange(replies.mode, replies.exportSize);
      List<Command> commands = new ArrayList<>();
      replies.commands.forEach(command -> commands.add(command.in(exchange)));
      ScriptedTransport transport = new ScriptedTransport(replies.server()).pieces(pieces);
      exchange.send(transport);
      for (Command command : commands) {
        await(exchange, transport, command);
      }
      exchange.receive(transport);
      if (!expected.events.isEmpty() && expected.events.getLast().startsWith("failed")) {
        assertTrue(exchange.events.containsAll(expected.events), () -> exchange.events.toString());
      } else {
        assertSame(expected.toString(), exchange, "pieces of " + pieces);
      }
    }
  }

  private static void await(Exchange exchange, ScriptedTransport transport, Command command)
      throws IOException {
    try {
      while (!transport.starved()
          && exchange.reader.run(transport, command, true) != ReplyReader.Progress.REACHED) {}
    } catch (Failure e) {
      exchange.events.add(
          "failed " + e.kind() + " " + (e.errno() == 0 ? "NONE" : "EPROTO") + " " + e.text());
    }
  }

  private static Exchange play(ReplyCase replies, ScriptedTransport transport) throws IOException {
    Exchange exchange = replies.exchange();
    exchange.run(transport);
    return exchange;
  }

  /** Chunks beyond the reader's own buffers, wanted and not, for as long as they last. */
  @ParameterizedTest
  @ValueSource(ints = {1000, 16 << 10, (16 << 10) + 1, 1 << 30})
  void largeChunksAreTakenInPiecesOfAnySize(int size) throws IOException {
    byte[] content = new byte[200_000];
    new Random(7).nextBytes(content);
    long[] pairs = new long[20_000];
    Arrays.fill(pairs, 1);
    Exchange exchange = new Exchange(Mode.STRUCTURED);
    exchange.read(0, content.length);
    int[] extents = new int[2];
    Extent64Callback counting = (name, at, some, error) -> extents[(int) at] += some.size();
    exchange.status64(0, 1, counting);
    exchange.status64(1, 1, counting);
    ScriptedTransport transport =
        new ScriptedTransport(
                Bytes.all(
                    chunk(DONE, CHUNK_DATA, 77, data(0, content)),
                    chunk(DONE, CHUNK_STATUS, 2, status(1, pairs)),
                    chunk(0, 99, 1, new Bytes().zeroes(0)),
                    chunk(DONE, CHUNK_STATUS, 3, status(1, pairs)),
                    chunk(DONE, CHUNK_DATA, 1, data(0, content))))
            .pieces(size)
            .pausing();
    exchange.run(transport);
    assertEquals(HexFormat.of().formatHex(content), exchange.content(0));
    assertEquals(10_000, extents[0]);
    assertEquals(10_000, extents[1]);
    assertEquals(
        "ended 1 EPROTO buffer 3-200003", exchange.events.getLast(), "for the unknown chunk");
    assertEquals(0, exchange.commands.inFlight());
  }

  @Test
  void theLongestChunkIsStillAChunk() throws IOException {
    Exchange exchange = new Exchange(Mode.STRUCTURED);
    exchange.run(new ScriptedTransport(Bytes.hex("668e33ef 0001 0001 0000000000000001 04000008")));
    assertEquals(List.of(), exchange.events);
    assertTrue(exchange.reader.partial());
  }

  @Test
  void aCommandThatIsGivenUpTakesNoMoreBytes() throws IOException {
    for (int cut = 0; cut <= 44; cut++) {
      Exchange exchange = new Exchange(Mode.STRUCTURED);
      Command command = exchange.read(100, 8);
      exchange.read(200, 1);
      ScriptedTransport transport =
          new ScriptedTransport(
                  Bytes.all(
                      chunk(0, CHUNK_DATA, 1, data(100, new byte[] {1, 2, 3, 4})),
                      chunk(DONE, CHUNK_HOLE, 1, hole(104, 4)),
                      chunk(DONE, CHUNK_HOLE, 2, hole(200, 1))))
              .cutAt(cut);
      exchange.send(transport);
      assertEquals(ReplyReader.Progress.BLOCKED, step(exchange, transport));
      String before = exchange.content(0);
      command.giveUp();
      exchange.receive(transport);
      assertEquals(before, exchange.content(0), "cut at " + cut);
      assertEquals("00", exchange.content(1));
      assertEquals(0, exchange.commands.inFlight());
    }
  }

  private static ReplyReader.Progress step(Exchange exchange, ScriptedTransport transport)
      throws IOException {
    try {
      return exchange.reader.run(transport, null, false);
    } catch (Failure e) {
      throw new AssertionError(e);
    }
  }
}
