package io.nbd4j.server.conn;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes whole replies, from many threads. A finished request queues its reply; whoever gets the
 * lock writes all that has queued up, with one gathering write. So no request thread waits for a
 * slow client except the one that writes.
 */
final class ReplyWriter {
  /** Below what every system takes in one gathering write. */
  private static final int MOST_BUFFERS = 256;

  private final Link link;
  private final BufferPool pool;
  private final InFlight inFlight;
  private final ReentrantLock lock = new ReentrantLock();
  private final ConcurrentLinkedQueue<Reply> queue = new ConcurrentLinkedQueue<>();

  /** Used under the lock. */
  private final @Nullable Reply[] taken = new Reply[MOST_BUFFERS];

  private final @Nullable ByteBuffer[] buffers = new ByteBuffer[MOST_BUFFERS + 1];
  private volatile boolean broken;

  ReplyWriter(Link link, BufferPool pool, InFlight inFlight) {
    this.link = link;
    this.pool = pool;
    this.inFlight = inFlight;
  }

  /** A reply in a pooled buffer, and what its request holds in {@link InFlight}. */
  private record Reply(ByteBuffer bytes, int cost) {}

  /**
   * Writes a reply, or leaves it to the thread that is writing. The buffer goes back to the pool.
   */
  void send(ByteBuffer bytes, int cost) {
    queue.add(new Reply(bytes, cost));
    helpOut();
  }

  /**
   * Writes these bytes, and what has queued up, before it returns. The buffer stays the caller's.
   */
  void sendNow(ByteBuffer bytes) throws IOException {
    lock.lock();
    try {
      writeQueued(bytes);
    } finally {
      lock.unlock();
    }
    helpOut();
    if (broken) {
      throw new IOException("the client does not take replies any more");
    }
  }

  private void helpOut() {
    // Whoever finds the lock taken may leave: the holder looks again after it has let go.
    while (!queue.isEmpty() && lock.tryLock()) {
      try {
        writeQueued(null);
      } finally {
        lock.unlock();
      }
    }
  }

  private void writeQueued(@Nullable ByteBuffer last) {
    ByteBuffer own = last;
    do {
      int count = 0;
      for (Reply reply; count < MOST_BUFFERS && (reply = queue.poll()) != null; count++) {
        taken[count] = reply;
        buffers[count] = reply.bytes();
      }
      int all = count;
      if (own != null) {
        buffers[all++] = own;
        own = null;
      }
      write(all);
      for (int i = 0; i < count; i++) {
        Reply reply = taken[i];
        pool.give(reply.bytes());
        inFlight.leave(reply.cost());
      }
      Arrays.fill(taken, 0, count, null);
      Arrays.fill(buffers, 0, all, null);
    } while (!queue.isEmpty());
  }

  private void write(int count) {
    if (broken) {
      return;
    }
    try {
      link.write(buffers, count);
    } catch (IOException | RuntimeException e) {
      broken = true;
      try {
        // The reader is to notice as well.
        link.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
    }
  }
}
