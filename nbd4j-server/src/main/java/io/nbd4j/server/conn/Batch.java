package io.nbd4j.server.conn;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The replies of requests that were answered on the connection's own thread, gathered until that
 * thread has nothing else to do. It holds a buffer only while there are any.
 */
final class Batch {
  private static final int CAPACITY = 1 << 18;

  private final ReplyWriter writer;
  private final BufferPool pool;
  private @Nullable ByteBuffer buffer;

  Batch(ReplyWriter writer, BufferPool pool) {
    this.writer = writer;
    this.pool = pool;
  }

  /**
   * The buffer to append to, with at least this room, at most {@link #CAPACITY}. May write what is
   * there.
   */
  ByteBuffer room(int size) throws IOException {
    if (buffer != null && buffer.remaining() < size) {
      flush();
    }
    if (buffer == null) {
      buffer = pool.take(CAPACITY);
    }
    return buffer;
  }

  /** Writes what is there. Has to be called before anything that may wait. */
  void flush() throws IOException {
    ByteBuffer full = buffer;
    if (full != null) {
      buffer = null;
      try {
        writer.sendNow(full.flip());
      } finally {
        pool.give(full);
      }
    }
  }

  /** Gives up what is there. */
  void drop() {
    if (buffer != null) {
      pool.give(buffer);
      buffer = null;
    }
  }
}
