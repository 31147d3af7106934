package io.nbd4j.engine.transfer;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.command.Commands;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Statistics;
import io.nbd4j.engine.session.Trace;
import io.nbd4j.model.ChunkCallback;
import io.nbd4j.model.Errno;
import io.nbd4j.model.Extent64Callback;
import io.nbd4j.model.ExtentCallback;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Messages;
import io.nbd4j.script.ScriptedTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** The transmission's two halves over a scripted transport, with everything that happens noted. */
final class Exchange {

  /** What a buffer holds before a read stores anything. */
  static final byte UNTOUCHED = (byte) 0xee;

  /** The bytes before and after a read's range that must stay untouched. */
  private static final int MARGIN = 3;

  /** How replies look. */
  enum Mode {
    SIMPLE,
    STRUCTURED,
    EXTENDED
  }

  final Commands commands = new Commands();
  final Negotiated negotiated = new Negotiated();
  final Statistics statistics = new Statistics();
  final List<String> events = new ArrayList<>();
  final RequestWriter writer = new RequestWriter(commands, negotiated, statistics, this::ended);
  final ReplyReader reader =
      new ReplyReader(commands, negotiated, statistics, new Trace(), this::ended);

  private final List<ByteBuffer> buffers = new ArrayList<>();

  Exchange(Mode mode) {
    this(mode, 1L << 40);
  }

  Exchange(Mode mode, long size) {
    negotiated.structuredReplies = mode != Mode.SIMPLE;
    negotiated.extendedHeaders = mode == Mode.EXTENDED;
    try {
      negotiated.export(size, 0xffff);
    } catch (Failure e) {
      throw new AssertionError(e);
    }
    negotiated.addMetaContext(1, "base:allocation");
    negotiated.addMetaContext(2, "x:y");
    negotiated.metaValid(true);
  }

  // Commands.

  Command read(long offset, int count) {
    ByteBuffer buffer = ByteBuffer.allocate(count + 2 * MARGIN);
    Arrays.fill(buffer.array(), UNTOUCHED);
    buffer.position(MARGIN).limit(MARGIN + count);
    buffers.add(buffer);
    Command command = command(Messages.READ, offset, count);
    command.buffer(buffer);
    return queue(command);
  }

  /** A read whose pieces are noted. */
  Command readStructured(long offset, int count) {
    return readStructured(offset, count, (subbuf, at, status, error) -> {});
  }

  Command readStructured(long offset, int count, ChunkCallback more) {
    Command command = read(offset, count);
    command.chunk =
        (subbuf, at, status, error) -> {
          byte[] bytes = new byte[subbuf.remaining()];
          subbuf.duplicate().get(bytes);
          events.add(
              "piece "
                  + status
                  + " at "
                  + at
                  + " "
                  + HexFormat.of().formatHex(bytes)
                  + (error == 0 ? "" : " " + Errno.name(error)));
          more.chunk(subbuf, at, status, error);
        };
    return command;
  }

  Command write(long offset, byte[] content) {
    Command command = command(Messages.WRITE, offset, content.length);
    command.buffer(ByteBuffer.wrap(content));
    if (negotiated.extendedHeaders) {
      command.flags = 0x20;
    }
    return queue(command);
  }

  Command other(int type, long offset, long count) {
    return queue(command(type, offset, count));
  }

  Command status64(long offset, long count) {
    return status64(offset, count, (name, at, extents, error) -> {});
  }

  Command status64(long offset, long count, Extent64Callback more) {
    Command command = command(Messages.BLOCK_STATUS, offset, count);
    command.extent64 =
        (name, at, extents, error) -> {
          StringBuilder line = new StringBuilder(name + " at " + at);
          extents.forEach(extent ->
              line.append(' ').append(extent.length()).append(':').append(extent.flags()));
          events.add(line + (error == 0 ? "" : " " + Errno.name(error)));
          more.extent(name, at, extents, error);
        };
    return queue(command);
  }

  Command status32(long offset, long count, ExtentCallback more) {
    Command command = command(Messages.BLOCK_STATUS, offset, count);
    command.extent =
        (name, at, entries, error) -> {
          events.add(
              name
                  + " at "
                  + at
                  + " "
                  + Arrays.toString(entries)
                  + (error == 0 ? "" : " " + Errno.name(error)));
          more.extent(name, at, entries, error);
        };
    return queue(command);
  }

  private Command command(int type, long offset, long count) {
    commands.lock.lock();
    try {
      Command command = commands.take();
      command.type = type;
      command.offset = offset;
      command.count = count;
      command.blocking = true;
      return command;
    } finally {
      commands.lock.unlock();
    }
  }

  private Command queue(Command command) {
    commands.lock.lock();
    try {
      commands.enqueue(command);
      return command;
    } finally {
      commands.lock.unlock();
    }
  }

  private void ended(Command command) {
    command.restoreBuffer();
    StringBuilder line = new StringBuilder("ended ").append(command.cookie);
    if (command.error != 0) {
      line.append(' ').append(Errno.name(command.error));
    }
    if (command.serverText != null) {
      line.append(" \"").append(command.serverText).append('"');
    }
    if (command.cause instanceof NbdException cause) {
      line.append(" because of ").append(cause.text());
    }
    ByteBuffer buffer = command.buffer;
    if (buffer != null) {
      line.append(" buffer ").append(buffer.position()).append('-').append(buffer.limit());
    }
    events.add(line.toString());
    commands.lock.lock();
    try {
      commands.remove(command);
      commands.end(command);
    } finally {
      commands.lock.unlock();
    }
  }

  // Progress.

  /** Sends everything and takes in everything that the transport holds. */
  void run(ScriptedTransport transport) throws IOException {
    send(transport);
    receive(transport);
  }

  void send(ScriptedTransport transport) throws IOException {
    while (!writer.run(transport)) {
      if (transport.written().size() > 1 << 24) {
        throw new AssertionError("the writer does not end");
      }
    }
  }

  void receive(ScriptedTransport transport) throws IOException {
    try {
      while (!transport.starved()) {
        if (reader.run(transport, null, false) == ReplyReader.Progress.END) {
          events.add("end");
          return;
        }
      }
    } catch (Failure e) {
      String errno = e.errno() == Errno.NONE ? "NONE" : Errno.name(e.errno());
      events.add("failed " + e.kind() + " " + errno + " " + e.text());
    }
  }

  /** The end of the connection: nothing more is sent, and what is left fails. */
  void end() {
    List<Command> stranded;
    commands.lock.lock();
    try {
      writer.release();
      reader.release();
      stranded = commands.drain(null, command -> command.fail(Errno.ENOTCONN));
    } finally {
      commands.lock.unlock();
    }
    stranded.forEach(this::ended);
  }

  /** The content of the buffer of the n-th read, in hexadecimal, without what is around it. */
  String content(int read) {
    byte[] bytes = buffers.get(read).array();
    for (int i = 0; i < MARGIN; i++) {
      if (bytes[i] != UNTOUCHED || bytes[bytes.length - 1 - i] != UNTOUCHED) {
        throw new AssertionError(
            "stored outside the buffer's range: " + HexFormat.of().formatHex(bytes));
      }
    }
    return HexFormat.of().formatHex(bytes, MARGIN, bytes.length - MARGIN);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(String.join("\n", events));
    for (int i = 0; i < buffers.size(); i++) {
      text.append("\nbuffer ").append(i).append(": ").append(content(i));
    }
    return text.append("\nin flight: ")
        .append(commands.inFlight())
        .append("\ncounters: ")
        .append(statistics.bytesSent())
        .append(' ')
        .append(statistics.chunksSent())
        .append(' ')
        .append(statistics.bytesReceived())
        .append(' ')
        .append(statistics.chunksReceived())
        .toString();
  }
}
