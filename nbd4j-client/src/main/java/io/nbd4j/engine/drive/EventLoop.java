package io.nbd4j.engine.drive;

import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.state.State;
import io.nbd4j.model.Direction;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException.Kind;
import io.nbd4j.model.StateWord;
import io.nbd4j.net.ChannelTransport;
import io.nbd4j.net.Readiness;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Driving a connection by readiness: the caller's own loop, {@code poll}, and waiting for a state.
 */
public final class EventLoop {

  /** Goes as far as it can without waiting; by the thread with the reader's role. */
  @FunctionalInterface
  interface Machine {
    void advance() throws Failure;
  }

  private final Link link;
  private final Transfers transfers;
  private final Machine machine;
  private final ReentrantLock lock;

  EventLoop(Link link, Transfers transfers, Machine machine) {
    this.link = link;
    this.transfers = transfers;
    this.machine = machine;
    this.lock = link.lock;
  }

  /** What the handle waits for, as bits of {@link Direction}. */
  public int direction() {
    lock.lock();
    try {
      return switch (link.state()) {
        case State.Connect connect -> connect == State.Connect.START ? 0 : Direction.WRITE;
        case State.Handshake shaking ->
            shaking == State.Handshake.NEGOTIATING
                ? 0
                : shaking.sending() ? Direction.WRITE : Direction.READ;
        case State.Transmission ready -> link.sending() ? Direction.BOTH : Direction.READ;
        case State.End end -> 0;
      };
    } finally {
      lock.unlock();
    }
  }

  public void notifyRead() throws Failure {
    notify(Direction.READ, 0);
  }

  public void notifyWrite() throws Failure {
    notify(Direction.WRITE, 1);
  }

  private void notify(int event, int number) throws Failure {
    lock.lock();
    try {
      if ((direction() & event) == 0) {
        throw Failure.usage(
            Errno.EINVAL,
            "external event " + number + " is invalid in state " + link.state().shortName());
      }
      if (!link.takeReader()) {
        // Another thread is at it.
        return;
      }
    } finally {
      lock.unlock();
    }
    try {
      if (event == Direction.WRITE && link.state() instanceof State.Transmission) {
        transfers.flush();
      } else {
        machine.advance();
      }
    } finally {
      link.leaveReader();
    }
  }

  /**
   * Waits until the connection can make progress, and makes it.
   *
   * @param nanos the longest wait, {@link Readiness#FOREVER} for no limit
   * @param other another channel whose readiness to be read ends the wait as well, or null
   * @return 1 if there was progress or the other channel is readable, 0 if the time was over
   */
  public int poll(long nanos, @Nullable SelectableChannel other) throws Failure {
    lock.lock();
    try {
      if (direction() == 0) {
        throw Failure.usage(
            Errno.EINVAL, "nothing to poll for in state " + link.state().shortName());
      }
      if (!link.takeReader()) {
        return watch(nanos);
      }
      transfers.notAlone();
    } finally {
      lock.unlock();
    }
    try {
      return pollAsReader(nanos, other);
    } finally {
      link.leaveReader();
    }
  }

  /** Waits for progress, unless another thread has just brought the handle into another state. */
  void progressWhile(StateWord word) throws Failure {
    lock.lock();
    try {
      if (link.word() != word) {
        return;
      }
      if (!link.takeReader()) {
        watch(Readiness.FOREVER);
        return;
      }
      transfers.notAlone();
    } finally {
      lock.unlock();
    }
    try {
      pollAsReader(Readiness.FOREVER, null);
    } finally {
      link.leaveReader();
    }
  }

  private int watch(long nanos) throws Failure {
    try {
      return link.watch(nanos) > 0 ? 1 : 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted();
    }
  }

  private static Failure interrupted() {
    return new Failure(Kind.USAGE, Errno.EINTR, "interrupted while waiting for the server");
  }

  private int pollAsReader(long nanos, @Nullable SelectableChannel other) throws Failure {
    ChannelTransport transport = link.connectedTransport();
    lock.lock();
    try {
      if (!transfers.unblock(transport)) {
        return watch(Math.min(nanos, TimeUnit.SECONDS.toNanos(1)));
      }
    } finally {
      lock.unlock();
    }
    long deadline = nanos == Readiness.FOREVER ? 0 : System.nanoTime() + nanos;
    while (true) {
      int wanted = direction();
      if (wanted == 0) {
        return 1;
      }
      long left = nanos == Readiness.FOREVER ? nanos : Math.max(0, deadline - System.nanoTime());
      int ready;
      try {
        // The bits of a direction are those of readiness.
        ready =
            other == null ? transport.await(wanted, left) : transport.await(wanted, left, other);
      } catch (IOException e) {
        throw link.dead(Link.failure("poll", e));
      }
      if (link.ended()) {
        Failure why = link.failure();
        if (why != null) {
          throw why;
        }
        return 1;
      }
      if ((ready & Readiness.READ) != 0) {
        machine.advance();
        return 1;
      }
      if ((ready & Readiness.WRITE) != 0) {
        if (link.state() instanceof State.Transmission) {
          transfers.flush();
        } else {
          machine.advance();
        }
        return 1;
      }
      if ((ready & Readiness.OTHER) != 0) {
        return 1;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw interrupted();
      }
      if (left == 0 || (ready == 0 && nanos != Readiness.FOREVER)) {
        return 0;
      }
    }
  }

  /** The channel to register in one's own selector; it stays non-blocking from now on. */
  public SelectableChannel channel() throws Failure {
    lock.lock();
    try {
      ChannelTransport transport = link.transport();
      if (transport == null || link.ended()) {
        throw Failure.usage(Errno.EINVAL, "connection is not in a connected state");
      }
      transfers.notAlone();
      while (!transfers.unblock(transport)) {
        link.watchUninterruptibly();
        if (link.ended()) {
          throw Failure.usage(Errno.EINVAL, "connection is not in a connected state");
        }
      }
      return transport.channel();
    } finally {
      lock.unlock();
    }
  }
}
