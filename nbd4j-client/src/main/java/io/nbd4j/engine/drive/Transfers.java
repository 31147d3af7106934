package io.nbd4j.engine.drive;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.command.Commands;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.transfer.ReplyReader;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException.Kind;
import io.nbd4j.net.ChannelTransport;
import io.nbd4j.net.Readiness;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Commands on their way: issuing them, sending what is queued, and waiting for one of them.
 *
 * <p>A caller that waits takes the reader's role if it is free and completes the others' commands
 * along with its own; otherwise it parks until it is done or the role is free.
 */
final class Transfers {

  /**
   * How many blocking commands in a row must find the handle idle before the socket is made to wait
   * in the kernel, which saves a system call for each but must be undone for the first command that
   * is not alone.
   */
  private static final int LONERS = 8;

  private final Link link;
  private final Commands commands;
  private final ReentrantLock lock;

  // Under the lock.
  private int loners;
  private volatile boolean disconnectRequested;
  private long disconnectCookie;

  Transfers(Link link) {
    this.link = link;
    this.commands = link.commands;
    this.lock = link.lock;
  }

  boolean disconnectRequested() {
    return disconnectRequested;
  }

  /** Whether the disconnect request is still among the commands. */
  boolean disconnectQueued() {
    return disconnectCookie != 0 && commands.pending(disconnectCookie);
  }

  /** Queues a filled command and begins to send it. What goes wrong then shows at its end. */
  long issueAsync(Command command) throws Failure {
    ChannelTransport transport = link.connectedTransport();
    boolean handOver = false;
    long cookie;
    lock.lock();
    try {
      cookie = enqueue(command);
      loners = 0;
      if (transport.isBlocking()) {
        handOver = !unblock(transport);
      }
    } finally {
      lock.unlock();
    }
    if (handOver) {
      // A lone caller waits in the kernel on this socket, so a write here might wait as well.
      Thread.ofVirtual().name("nbd4j-send").start(this::flushQuietly);
    } else {
      flushQuietly();
    }
    return cookie;
  }

  /** Notes, under the lock, that the handle is driven by an event loop. */
  void notAlone() {
    loners = 0;
  }

  /** Makes the socket non-blocking if no other thread is using it; under the lock. */
  boolean unblock(ChannelTransport transport) {
    if (!transport.isBlocking()) {
      return true;
    }
    if (!link.takeReader()) {
      return false;
    }
    boolean both = link.takeWriter();
    try {
      return both && transport.blocking(false);
    } catch (IOException e) {
      return false;
    } finally {
      if (both) {
        link.returnWriter();
      }
      link.returnReader();
    }
  }

  private long enqueue(Command command) throws Failure {
    checkOpen();
    long cookie = commands.enqueue(command);
    if (command.isDisconnect()) {
      disconnectRequested = true;
      disconnectCookie = cookie;
    }
    return cookie;
  }

  private void checkOpen() throws Failure {
    if (link.ended()) {
      Failure why = link.failure();
      throw why != null ? why : Failure.usage(Errno.EINVAL, "connection is closed");
    }
    if (disconnectRequested) {
      throw Failure.usage(Errno.EINVAL, "cannot request more commands after NBD_CMD_DISC");
    }
  }

  /**
   * Queues a filled command, sends it and waits for its end; the caller frees it, unless this
   * fails.
   */
  void issueAndWait(Command command) throws Failure {
    if (Thread.currentThread().isInterrupted()) {
      throw new Failure(Kind.USAGE, Errno.EINTR, "interrupted before anything was sent");
    }
    boolean lead;
    command.blocking = true;
    lock.lock();
    try {
      enqueue(command);
      boolean alone = commands.inFlight() == 1 && !Thread.currentThread().isVirtual();
      loners = alone ? Math.min(loners + 1, LONERS) : 0;
      lead = link.takeReader();
      if (lead && alone && loners == LONERS) {
        block();
      }
    } finally {
      lock.unlock();
    }
    Failure broken = null;
    try {
      flush();
      if (lead) {
        lead(command);
      }
    } catch (Failure e) {
      broken = e;
    } finally {
      if (lead) {
        link.leaveReader();
      }
    }
    await(command, broken);
  }

  /** Makes the socket wait in the kernel if no thread is writing; under the lock, as reader. */
  private void block() {
    ChannelTransport transport = link.connectedTransport();
    if (!transport.isBlocking() && link.takeWriter()) {
      try {
        if (!link.writer().partial() && !transport.blocking(true)) {
          loners = 0;
        }
      } catch (IOException e) {
        // It stays as it was; the next read or write shows what is wrong.
        loners = 0;
      } finally {
        link.returnWriter();
      }
    }
  }

  /**
   * Waits until a command has ended, even when the connection has: until then another thread may be
   * moving its data.
   */
  private void await(Command command, @Nullable Failure brokenBefore) throws Failure {
    Failure broken = brokenBefore;
    Thread me = Thread.currentThread();
    while (true) {
      boolean lead = false;
      boolean interrupted = me.isInterrupted();
      lock.lock();
      try {
        if (command.ended()) {
          break;
        }
        if (!interrupted) {
          // After the end, the thread that holds the command is about to complete it.
          lead = !link.ended() && link.takeReader();
          if (lead) {
            commands.waiters().remove(command);
          } else {
            commands.waiters().add(command, me);
          }
        }
      } finally {
        lock.unlock();
      }
      if (interrupted) {
        abandon(command);
        break;
      }
      if (!lead) {
        LockSupport.park(this);
        continue;
      }
      try {
        lead(command);
      } catch (Failure e) {
        broken = e;
      } finally {
        link.leaveReader();
      }
    }
    if (broken != null && command.error != 0 && link.failure() != null) {
      throw broken;
    }
  }

  /** Takes in replies until the command has ended or the thread is interrupted; as reader. */
  private void lead(Command command) throws Failure {
    ChannelTransport transport = link.connectedTransport();
    try {
      while (!command.ended() && !link.ended()) {
        boolean wait;
        lock.lock();
        try {
          boolean alone = commands.inFlight() <= 1 && !Thread.currentThread().isVirtual();
          wait = transport.isBlocking() && (alone || !unblock(transport));
        } finally {
          lock.unlock();
        }
        ReplyReader.Progress progress = ReplyReader.Progress.BLOCKED;
        if (wait) {
          progress = step(transport, command, true);
        } else {
          int ready = transport.await(interest(), Readiness.FOREVER);
          if ((ready & Readiness.WRITE) != 0) {
            flush();
          }
          if ((ready & Readiness.READ) != 0) {
            progress = step(transport, command, false);
          }
          if ((ready & Readiness.WOKEN) != 0 && Thread.currentThread().isInterrupted()) {
            return;
          }
        }
        if (progress == ReplyReader.Progress.END) {
          link.closed();
        }
      }
    } catch (IOException e) {
      throw link.dead(Link.failure("recv", e));
    } catch (Failure e) {
      throw link.dead(e);
    } catch (RuntimeException e) {
      throw link.dead(Link.defect(e));
    }
  }

  /** Takes in what is there, or waits for it in the kernel; as reader. */
  ReplyReader.Progress step(ChannelTransport transport, @Nullable Command until, boolean wait)
      throws IOException, Failure {
    boolean outermost;
    lock.lock();
    try {
      outermost = link.beginStep();
    } finally {
      lock.unlock();
    }
    try {
      return link.reader().run(transport, until, wait);
    } finally {
      if (outermost) {
        lock.lock();
        try {
          link.endStep();
        } finally {
          lock.unlock();
        }
      }
    }
  }

  /** What a waiting reader waits for: room to write as well, if the writer is stuck without. */
  int interest() {
    lock.lock();
    try {
      return link.sending() ? Readiness.READ | Readiness.WRITE : Readiness.READ;
    } finally {
      lock.unlock();
    }
  }

  private void flushQuietly() {
    try {
      flush();
    } catch (Failure e) {
      // The connection is dead by now, and every command in it has ended with an error.
    }
  }

  /** Sends what is queued, unless another thread is doing so, which then sends this as well. */
  void flush() throws Failure {
    boolean more = true;
    while (more) {
      lock.lock();
      try {
        if (link.ended() || !link.takeWriter()) {
          return;
        }
      } finally {
        lock.unlock();
      }
      boolean all = false;
      try {
        all = link.writer().run(link.connectedTransport());
      } catch (IOException e) {
        throw link.dead(Link.failure("send", e));
      } catch (RuntimeException e) {
        throw link.dead(Link.defect(e));
      } finally {
        link.leaveWriter();
      }
      lock.lock();
      try {
        more = all && commands.anyQueued();
        if (!all && link.readerElsewhere()) {
          // The reader may be waiting for bytes only.
          link.connectedTransport().wakeup();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Gives a command up: its caller was interrupted and gets its buffer back. The reply is thrown
   * away when it comes, and the handle stays usable; only if another thread waits in the kernel
   * with the command's data half moved, the connection is closed.
   */
  private void abandon(Command command) throws Failure {
    ChannelTransport transport = link.connectedTransport();
    boolean fatal = false;
    lock.lock();
    try {
      commands.waiters().remove(command);
      while (!command.ended()) {
        if (commands.withdraw(command)) {
          command.fail(Errno.EINTR);
          command.restoreBuffer();
          break;
        }
        if (!link.movingElsewhere(command)) {
          if (command.sending()) {
            link.writer().detach(command);
          }
          command.fail(Errno.EINTR);
          command.restoreBuffer();
          command.giveUp();
          break;
        }
        if (transport.isBlocking()) {
          fatal = true;
          break;
        }
        link.watchUninterruptibly();
      }
      if (command.ended()) {
        return;
      }
    } finally {
      lock.unlock();
    }
    Failure interrupted =
        new Failure(Kind.USAGE, Errno.EINTR, "interrupted while waiting for the server");
    if (fatal) {
      link.die(interrupted);
      awaitEnd(command);
    }
    throw interrupted;
  }

  private void awaitEnd(Command command) {
    lock.lock();
    try {
      while (!command.ended()) {
        link.watchUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the commands that were not started on the wire. */
  void abandonQueued() {
    List<Command> pending;
    lock.lock();
    try {
      pending = commands.abandonQueued();
    } finally {
      lock.unlock();
    }
    for (Command command : pending) {
      command.fail(Errno.ENOTCONN);
      link.complete(command);
    }
  }
}
