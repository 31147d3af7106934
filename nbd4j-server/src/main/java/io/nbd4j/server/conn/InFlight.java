package io.nbd4j.server.conn;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The requests of one connection that run on threads of their own, bounded by number and by bytes.
 */
final class InFlight {
  private final int most;
  private final Semaphore requests;
  private final Semaphore bytes;

  InFlight(Bounds bounds) {
    this.most = bounds.requests();
    this.requests = new Semaphore(bounds.requests());
    this.bytes = new Semaphore(bounds.bytes());
  }

  /** Takes a place if there is one without waiting. */
  boolean tryEnter(int cost) {
    if (!requests.tryAcquire()) {
      return false;
    }
    if (!bytes.tryAcquire(cost)) {
      requests.release();
      return false;
    }
    return true;
  }

  /** Waits for a place. Whoever has one gives it back after the reply is written. */
  void enter(int cost) {
    requests.acquireUninterruptibly();
    bytes.acquireUninterruptibly(cost);
  }

  void leave(int cost) {
    bytes.release(cost);
    requests.release();
  }

  /**
   * Waits until nothing is in flight; afterwards nobody can enter. Returns false if that takes too
   * long.
   */
  boolean drain(Duration atMost) {
    boolean interrupted = false;
    long deadline = System.nanoTime() + atMost.toNanos();
    try {
      while (true) {
        try {
          return requests.tryAcquire(most, deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
