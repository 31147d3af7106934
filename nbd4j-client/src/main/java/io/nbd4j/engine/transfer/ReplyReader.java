package io.nbd4j.engine.transfer;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.command.Commands;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Statistics;
import io.nbd4j.engine.session.Trace;
import io.nbd4j.model.ChunkStatus;
import io.nbd4j.model.Errno;
import io.nbd4j.net.Transport;
import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.transfer.DataChunk;
import io.nbd4j.wire.transfer.ErrorChunk;
import io.nbd4j.wire.transfer.ExtendedChunk;
import io.nbd4j.wire.transfer.HoleChunk;
import io.nbd4j.wire.transfer.SimpleReply;
import io.nbd4j.wire.transfer.StructuredChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of transmission: one read brings as many replies as there are, and the payload
 * of a read goes straight into the caller's buffer.
 *
 * <p>One thread at a time. Callbacks run between two chunks, when the reader is at rest, so they
 * may call the handle. Protocol specification: "Transmission phase", "Structured reply chunk
 * types".
 */
public final class ReplyReader {

  /** Where {@link #run} stopped. */
  public enum Progress {
    /** More bytes are needed. */
    BLOCKED,
    /** The command that was waited for has ended. */
    REACHED,
    /** The server ended the stream between two replies. */
    END
  }

  /** What the next bytes of the stream are. */
  private enum Expect {
    HEADER,
    /** The offset that a data chunk begins with. */
    DATA_OFFSET,
    /** Bytes for a caller's buffer. */
    DATA,
    /** A small payload that is looked at as a whole. */
    PAYLOAD,
    /** Bytes that nobody wants. */
    SKIP
  }

  private static final int STAGING = 16 << 10;
  private static final long MAX_CHUNK = Negotiated.MAX_PAYLOAD + 8L;

  /** Scratch space beyond this is given back after use. */
  private static final int KEPT_SCRATCH = 64 << 10;

  private final Commands commands;
  private final Negotiated negotiated;
  private final Statistics statistics;
  private final Trace trace;
  private final Completer completer;

  private final SimpleReply simple = new SimpleReply();
  private final StructuredChunk structured = new StructuredChunk();
  private final ExtendedChunk extendedChunk = new ExtendedChunk();
  private final HoleChunk hole = new HoleChunk();
  private final ErrorChunk errorChunk = new ErrorChunk();
  private final ExtentReport extents;
  private final ByteBuffer[] pair = new ByteBuffer[2];

  private @Nullable ByteBuffer staging;
  private ByteBuffer scratch = ByteBuffer.allocate(0);
  private Expect expect = Expect.HEADER;

  // The chunk at hand.
  private @Nullable Command command;
  private boolean done;
  private int chunkType;
  private long remaining;
  private long dataOffset;
  private long dataLength;

  public ReplyReader(
      Commands commands,
      Negotiated negotiated,
      Statistics statistics,
      Trace trace,
      Completer completer) {
    this.commands = commands;
    this.negotiated = negotiated;
    this.statistics = statistics;
    this.trace = trace;
    this.completer = completer;
    this.extents = new ExtentReport(negotiated);
  }

  /**
   * The command whose reply is being received, or null. Under the lock, or by the reading thread.
   */
  public @Nullable Command receiving() {
    return command;
  }

  /** Whether the stream stands inside a reply. */
  public boolean partial() {
    return expect != Expect.HEADER || (staging != null && staging.hasRemaining());
  }

  /**
   * Takes in replies.
   *
   * @param until a command whose end is waited for, or null to take in all that is there
   * @param wait whether a read may wait in the kernel: if so, it is not asked for more than the
   *     waiter's own buffer, and no second one is made once {@code until} has ended
   */
  public Progress run(Transport transport, @Nullable Command until, boolean wait)
      throws IOException, Failure {
    ByteBuffer in = staging;
    if (in == null) {
      staging = in = ByteBuffer.allocateDirect(STAGING).limit(0);
    }
    boolean drained = false;
    while (true) {
      take(in);
      if (until != null && until.ended()) {
        return Progress.REACHED;
      }
      if (drained) {
        return Progress.BLOCKED;
      }
      long asked = in.capacity() - in.remaining() + direct(until, wait);
      long count = read(transport, in, until, wait);
      if (count == Transport.END) {
        if (partial()) {
          throw Failure.protocol(Errno.NONE, "recv: server disconnected unexpectedly");
        }
        return Progress.END;
      }
      statistics.received(count);
      // A short read has emptied the socket; the next one would only say so.
      drained = wait || count < asked;
    }
  }

  /** How many bytes the next read may store in the buffer of a caller. */
  private long direct(@Nullable Command until, boolean wait) {
    Command reading = command;
    return expect == Expect.DATA
            && reading != null
            && reading.buffer != null
            && (!wait || reading == until)
        ? remaining
        : 0;
  }

  private long read(Transport transport, ByteBuffer in, @Nullable Command until, boolean wait)
      throws IOException {
    in.compact();
    try {
      Command reading = command;
      ByteBuffer target = reading == null ? null : reading.buffer;
      if (reading == null || target == null || direct(until, wait) == 0) {
        return transport.read(in);
      }
      int staged = in.position();
      pair[0] = reading.window(target, dataOffset + dataLength - remaining, remaining);
      pair[1] = in;
      long count = transport.read(pair, 0, 2);
      if (count > 0) {
        long stored = count - (in.position() - staged);
        remaining -= stored;
        reading.received += stored;
      }
      return count;
    } finally {
      in.flip();
    }
  }

  /** Takes in what is staged, as far as it goes. */
  private void take(ByteBuffer in) throws Failure {
    while (true) {
      switch (expect) {
        case HEADER -> {
          if (!header(in)) {
            return;
          }
        }
        case DATA_OFFSET -> {
          if (in.remaining() < DataChunk.PREFIX) {
            return;
          }
          dataOffset = in.getLong();
          beginData();
        }
        case DATA -> {
          copyData(in);
          if (remaining > 0) {
            return;
          }
          dataArrived();
        }
        case PAYLOAD -> {
          int count = (int) Math.min(remaining, in.remaining());
          scratch.put(scratch.position(), in, in.position(), count);
          scratch.position(scratch.position() + count);
          in.position(in.position() + count);
          remaining -= count;
          if (remaining > 0) {
            return;
          }
          payloadArrived();
        }
        case SKIP -> {
          int count = (int) Math.min(remaining, in.remaining());
          in.position(in.position() + count);
          remaining -= count;
          if (remaining > 0) {
            return;
          }
          chunkEnded();
        }
      }
    }
  }

  // Headers.

  private boolean header(ByteBuffer in) throws Failure {
    int at = in.position();
    if (in.remaining() < Integer.BYTES) {
      return false;
    }
    int magic = in.getInt(at);
    if (negotiated.extendedHeaders) {
      if (magic != Magic.EXTENDED_REPLY) {
        throw wrongMagic(magic);
      }
      if (in.remaining() < ExtendedChunk.SIZE) {
        return false;
      }
      extendedChunk.wrap(in, at);
      in.position(at + ExtendedChunk.SIZE);
      chunk(
          extendedChunk.type(),
          extendedChunk.done(),
          extendedChunk.cookie(),
          extendedChunk.length(),
          extendedChunk.offset());
    } else if (magic == Magic.SIMPLE_REPLY) {
      if (in.remaining() < SimpleReply.SIZE) {
        return false;
      }
      simple.wrap(in, at);
      in.position(at + SimpleReply.SIZE);
      simple(simple.error(), simple.cookie());
    } else if (magic == Magic.STRUCTURED_REPLY && negotiated.structuredReplies) {
      if (in.remaining() < StructuredChunk.SIZE) {
        return false;
      }
      structured.wrap(in, at);
      in.position(at + StructuredChunk.SIZE);
      chunk(structured.type(), structured.done(), structured.cookie(), structured.length(), -1);
    } else {
      throw wrongMagic(magic);
    }
    return true;
  }

  private static Failure wrongMagic(int magic) {
    return Failure.protocol(
        Errno.NONE, "invalid or unexpected reply magic 0x" + Integer.toHexString(magic));
  }

  private @Nullable Command lookUp(long cookie) {
    commands.lock.lock();
    try {
      Command found = commands.find(cookie);
      command = found;
      return found;
    } finally {
      commands.lock.unlock();
    }
  }

  private void simple(int error, long cookie) throws Failure {
    statistics.chunkReceived();
    Command found = lookUp(cookie);
    done = true;
    chunkType = ChunkTypes.NONE;
    if (found == null) {
      if (error == 0 && !negotiated.structuredReplies) {
        throw Failure.protocol(
            Errno.EPROTO, "server sent a reply to cookie " + cookie + ", which is not in flight");
      }
      trace.message("skipped a reply to the unknown cookie " + cookie);
      remaining = 0;
      expect = Expect.SKIP;
      return;
    }
    boolean read = found.type == io.nbd4j.wire.Commands.READ;
    if (error != 0) {
      found.fail(WireErrno.of(error));
      remaining = 0;
      expect = Expect.SKIP;
    } else if (read && negotiated.structuredReplies) {
      found.fail(Errno.EPROTO);
      remaining = found.count;
      expect = Expect.SKIP;
    } else if (read) {
      chunkType = ChunkTypes.OFFSET_DATA;
      dataOffset = found.offset;
      dataLength = found.count;
      remaining = found.count;
      expect = Expect.DATA;
    } else {
      remaining = 0;
      expect = Expect.SKIP;
    }
  }

  private void chunk(int type, boolean last, long cookie, long length, long requestOffset)
      throws Failure {
    statistics.chunkReceived();
    if (length < 0 || length > MAX_CHUNK) {
      throw Failure.protocol(
          Errno.EPROTO,
          "invalid server reply length "
              + Long.toUnsignedString(length)
              + " of chunk type "
              + ChunkTypes.name(type));
    }
    Command found = lookUp(cookie);
    chunkType = type;
    done = last;
    remaining = length;
    if (found == null) {
      trace.message("skipped a chunk for the unknown cookie " + cookie);
      expect = Expect.SKIP;
      return;
    }
    String wrong = misfit(found, type, last, length, requestOffset);
    if (wrong != null) {
      trace.message("skipped a chunk that is wrong: " + wrong);
      found.fail(Errno.EPROTO);
      expect = Expect.SKIP;
      return;
    }
    if (type == ChunkTypes.OFFSET_DATA) {
      expect = Expect.DATA_OFFSET;
    } else if (type == ChunkTypes.NONE) {
      expect = Expect.SKIP;
    } else {
      expect = Expect.PAYLOAD;
      if (scratch.capacity() < length) {
        scratch = ByteBuffer.allocate((int) length);
      }
      scratch.clear().limit((int) length);
    }
  }

  /** Why a chunk can't belong to the command, or null if it can; the connection survives either. */
  private @Nullable String misfit(
      Command found, int type, boolean last, long length, long requestOffset) {
    if (negotiated.extendedHeaders && requestOffset != found.offset) {
      return "offset " + requestOffset + " is not that of the request";
    }
    if (ChunkTypes.isError(type)) {
      return length < ErrorChunk.MIN ? "an error chunk of " + length + " bytes" : null;
    }
    boolean read = found.type == io.nbd4j.wire.Commands.READ;
    boolean blockStatus = found.type == io.nbd4j.wire.Commands.BLOCK_STATUS;
    return switch (type) {
      case ChunkTypes.NONE ->
          !last ? "NONE without DONE" : length != 0 ? "NONE with a payload" : null;
      case ChunkTypes.OFFSET_DATA ->
          !read
              ? "data for a command that is no read"
              : length <= DataChunk.PREFIX ? "a data chunk without data" : null;
      case ChunkTypes.OFFSET_HOLE ->
          !read
              ? "a hole for a command that is no read"
              : length != HoleChunk.SIZE ? "a hole chunk of " + length + " bytes" : null;
      case ChunkTypes.BLOCK_STATUS, ChunkTypes.BLOCK_STATUS_EXT ->
          !blockStatus ? "block status for a command that is none" : null;
      default -> "unknown chunk type " + type;
    };
  }

  // Payloads.

  private void beginData() throws Failure {
    dataLength = remaining - DataChunk.PREFIX;
    remaining = dataLength;
    Command reading = command;
    if (reading != null) {
      checkRange(reading, "data", dataOffset, dataLength);
    }
    expect = Expect.DATA;
  }

  private static void checkRange(Command reading, String what, long offset, long length)
      throws Failure {
    // A start before the request wraps round to a distance beyond any request.
    if (length == 0
        || length > reading.count
        || Long.compareUnsigned(offset - reading.offset, reading.count - length) > 0) {
      throw Failure.protocol(
          Errno.EPROTO,
          "server sent "
              + what
              + " outside the request: offset "
              + Long.toUnsignedString(offset)
              + " length "
              + length
              + " for a read of "
              + reading.count
              + " at "
              + Long.toUnsignedString(reading.offset));
    }
  }

  private void copyData(ByteBuffer in) {
    int count = (int) Math.min(remaining, in.remaining());
    if (count > 0) {
      Command reading = command;
      ByteBuffer target = reading == null ? null : reading.buffer;
      if (reading != null && target != null) {
        ByteBuffer window = reading.window(target, dataOffset + dataLength - remaining, remaining);
        window.put(window.position(), in, in.position(), count);
        reading.received += count;
      }
      in.position(in.position() + count);
      remaining -= count;
    }
  }

  private void dataArrived() {
    Command reading = command;
    ByteBuffer target = reading == null ? null : reading.buffer;
    if (reading == null || reading.chunk == null || target == null) {
      chunkEnded();
      return;
    }
    ByteBuffer piece = reading.window(target, dataOffset, dataLength).slice().asReadOnlyBuffer();
    long cookie = reading.cookie;
    boolean last = done;
    rest();
    ChunkReport.piece(reading, piece, dataOffset, ChunkStatus.DATA, reading.error);
    afterCallback(reading, cookie, last);
  }

  private void payloadArrived() throws Failure {
    Command found = command;
    ByteBuffer payload = scratch.flip();
    if (payload.capacity() > KEPT_SCRATCH) {
      scratch = ByteBuffer.allocate(0);
    }
    if (found == null) {
      chunkEnded();
      return;
    }
    long cookie = found.cookie;
    boolean last = done;
    int type = chunkType;
    rest();
    try {
      if (ChunkTypes.isError(type)) {
        errorArrived(found, payload, type);
      } else if (type == ChunkTypes.OFFSET_HOLE) {
        holeArrived(found, payload);
      } else {
        extents.report(found, type, payload);
      }
    } catch (MalformedMessageException e) {
      trace.message("skipped a chunk that is wrong: " + e.getMessage());
      found.fail(Errno.EPROTO);
    }
    afterCallback(found, cookie, last);
  }

  private void holeArrived(Command reading, ByteBuffer payload)
      throws MalformedMessageException, Failure {
    hole.wrap(payload, 0, payload.limit());
    long offset = hole.offset();
    long length = hole.length();
    checkRange(reading, "a hole", offset, length);
    ByteBuffer target = reading.buffer;
    if (target == null) {
      return;
    }
    Zeroes.fill(reading.window(target, offset, length));
    reading.received += length;
    if (reading.chunk != null) {
      ByteBuffer piece = reading.window(target, offset, length).slice().asReadOnlyBuffer();
      ChunkReport.piece(reading, piece, offset, ChunkStatus.HOLE, reading.error);
    }
  }

  private void errorArrived(Command found, ByteBuffer payload, int type)
      throws MalformedMessageException {
    errorChunk.wrap(payload, 0, payload.limit(), type);
    int errno = WireErrno.of(errorChunk.error());
    String text = errorChunk.message();
    if (!text.isEmpty() && found.serverText == null) {
      found.serverText = text;
      trace.message("server error: " + text);
    }
    boolean inside =
        errorChunk.hasOffset()
            && Long.compareUnsigned(errorChunk.offset() - found.offset, found.count) < 0;
    if (inside && found.chunk != null) {
      ChunkReport.piece(
          found, ByteBuffer.allocate(0), errorChunk.offset(), ChunkStatus.ERROR, errno);
    }
    found.fail(errno);
  }

  // Ends.

  /** Puts the reader at rest between two chunks. */
  private void rest() {
    expect = Expect.HEADER;
    remaining = 0;
    command = null;
  }

  private void chunkEnded() {
    Command found = command;
    boolean last = done;
    rest();
    if (found != null && last) {
      completed(found, found.cookie);
    }
  }

  /** Goes on after a callback, which may have driven the connection and ended the command. */
  private void afterCallback(Command found, long cookie, boolean last) {
    if (last) {
      completed(found, cookie);
    }
  }

  private void completed(Command found, long cookie) {
    boolean now;
    commands.lock.lock();
    try {
      now = commands.replied(found, cookie);
      if (now && found.type == io.nbd4j.wire.Commands.READ && found.received != found.count) {
        found.fail(Errno.EPROTO);
      }
    } finally {
      commands.lock.unlock();
    }
    if (now) {
      completer.complete(found);
    }
  }

  /** Lets go of the command whose reply was cut off, after the end of the connection. */
  public void release() {
    rest();
  }
}
