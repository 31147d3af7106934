package io.nbd4j.server.conn;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes that a client sends, for one thread. One read brings as much as fits, so that queued
 * requests cost one system call together. The buffer is small until small payloads come; an idle
 * connection holds only a small one.
 */
final class Input {
  /** Holds some 140 requests without payload. */
  private static final int SMALL = 1 << 12;

  private static final int LARGE = 1 << 17;

  /** After so many reads that would have fitted into a small buffer, a large one is given back. */
  private static final int LEAN_READS = 64;

  /** What a read of a large payload may bring beyond it. */
  private static final int LOOK_AHEAD = 1 << 10;

  private final Link link;
  private final BufferPool pool;

  /** From position to limit: what has come and was not taken. */
  private ByteBuffer buffer;

  private int leanReads;

  Input(Link link, BufferPool pool) {
    this.link = link;
    this.pool = pool;
    this.buffer = pool.take(SMALL).limit(0);
  }

  /** How many bytes are here already. */
  int available() {
    return buffer.remaining();
  }

  /** The bytes that are here, to be taken from the position on. */
  ByteBuffer bytes() {
    return buffer;
  }

  /**
   * Waits until so many bytes are here, 128 KiB at most.
   *
   * @return false if the stream has ended before the first of them
   * @throws EOFException if it ends in the middle
   */
  boolean require(int count) throws IOException {
    if (buffer.remaining() >= count) {
      return true;
    }
    makeRoom(count);
    int before = buffer.remaining();
    while (buffer.remaining() < count) {
      int end = buffer.limit();
      int start = buffer.position();
      buffer.limit(buffer.capacity()).position(end);
      long got;
      try {
        got = link.read(new ByteBuffer[] {buffer});
      } finally {
        buffer.limit(buffer.position()).position(start);
      }
      if (got < 0) {
        if (buffer.hasRemaining()) {
          throw new EOFException("the client left in the middle of a message");
        }
        return false;
      }
    }
    leanReads = buffer.remaining() - before < SMALL ? leanReads + 1 : 0;
    return true;
  }

  /** Waits for so many bytes in the middle of a message. */
  void demand(int count) throws IOException {
    if (!require(count)) {
      throw new EOFException("the client left in the middle of a message");
    }
  }

  /** Fills a buffer from its position to its limit; large payloads go straight into it. */
  void readFully(ByteBuffer target) throws IOException {
    int here = Math.min(buffer.remaining(), target.remaining());
    target.put(target.position(), buffer, buffer.position(), here);
    target.position(target.position() + here);
    buffer.position(buffer.position() + here);
    while (target.hasRemaining()) {
      // The buffer is empty here; behind the payload, the next request may have come.
      buffer.position(0).limit(LOOK_AHEAD);
      long got = -1;
      try {
        got = link.read(new ByteBuffer[] {target, buffer});
      } finally {
        buffer.flip();
      }
      if (got < 0) {
        throw new EOFException("the client left in the middle of a payload");
      }
    }
  }

  /** Drops bytes. */
  void skip(long count) throws IOException {
    for (long left = count; left > 0; ) {
      demand(1);
      int step = (int) Math.min(left, buffer.remaining());
      buffer.position(buffer.position() + step);
      left -= step;
    }
  }

  /** Takes a large buffer, because many small payloads may come. */
  void grow() {
    leanReads = 0;
    if (buffer.capacity() < LARGE) {
      replace(LARGE);
    }
  }

  /** Goes back to a small buffer if it is large and holds little. */
  void shrink() {
    if (buffer.capacity() >= LARGE && buffer.remaining() <= SMALL) {
      replace(SMALL);
    }
  }

  /** Gives the buffer back; nothing can be read any more. */
  void release() {
    ByteBuffer last = buffer;
    buffer = ByteBuffer.allocate(0);
    if (last.isDirect()) {
      pool.give(last);
    }
  }

  private void makeRoom(int count) {
    if (leanReads >= LEAN_READS && count <= SMALL) {
      shrink();
    }
    if (count > buffer.capacity()) {
      replace(LARGE);
    } else if (!buffer.hasRemaining()) {
      buffer.position(0).limit(0);
    } else if (count > buffer.capacity() - buffer.position()) {
      buffer.compact().flip();
    }
  }

  private void replace(int size) {
    ByteBuffer next = pool.take(size);
    next.put(buffer).flip();
    pool.give(buffer);
    buffer = next;
  }
}
