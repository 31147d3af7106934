package io.nbd4j.server.conn;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Direct buffers to be used again, by powers of two. Each has a little more than its power, so that
 * a reply with a payload of that power and its headers is not doubled. What lies idle here is
 * bounded; the rest is left to the garbage collector.
 */
public final class BufferPool {
  /** The room for headers beyond a power of two. */
  static final int SLACK = 1024;

  private static final int SMALLEST_BITS = 12;
  private static final int CLASSES = 19;

  private final long mostIdle;
  private final AtomicLong idle = new AtomicLong();
  private final Shelf[] shelves = new Shelf[CLASSES];

  /** A pool that keeps at most so many bytes for later. */
  public BufferPool(long mostIdle) {
    this.mostIdle = mostIdle;
    for (int i = 0; i < CLASSES; i++) {
      shelves[i] = new Shelf();
    }
  }

  /** An empty big-endian buffer with at least this capacity. */
  ByteBuffer take(int size) {
    int index = index(size);
    ByteBuffer buffer = shelves[index].poll();
    if (buffer == null) {
      return ByteBuffer.allocateDirect(capacity(index));
    }
    idle.addAndGet(-buffer.capacity());
    return buffer.clear();
  }

  /** Takes a buffer back that nobody uses any more. */
  void give(ByteBuffer buffer) {
    if (idle.addAndGet(buffer.capacity()) > mostIdle) {
      idle.addAndGet(-buffer.capacity());
    } else {
      shelves[index(buffer.capacity())].push(buffer);
    }
  }

  private static int capacity(int index) {
    return (1 << (index + SMALLEST_BITS)) + SLACK;
  }

  private static int index(int size) {
    int power = Math.max(1, size - SLACK);
    return Math.max(0, Integer.SIZE - Integer.numberOfLeadingZeros(power - 1) - SMALLEST_BITS);
  }

  /** The idle buffers of one size, the one used last on top. */
  private static final class Shelf {
    private final ConcurrentLinkedDeque<ByteBuffer> buffers = new ConcurrentLinkedDeque<>();

    @Nullable ByteBuffer poll() {
      return buffers.pollFirst();
    }

    void push(ByteBuffer buffer) {
      buffers.addFirst(buffer);
    }
  }
}
