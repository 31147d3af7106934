package io.nbd4j.engine.drive;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.command.Commands;
import io.nbd4j.engine.connect.SystemErrno;
import io.nbd4j.engine.handshake.Operation;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.engine.session.Statistics;
import io.nbd4j.engine.session.Trace;
import io.nbd4j.engine.state.State;
import io.nbd4j.engine.transfer.ReplyReader;
import io.nbd4j.engine.transfer.RequestWriter;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.model.NbdException.Kind;
import io.nbd4j.model.StateWord;
import io.nbd4j.net.ChannelTransport;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The state of one connection and its two roles: the reader takes in what the server sends (and
 * drives the handshake before), the writer sends. A role belongs to at most one thread at a time,
 * which may take it again from within a callback. See docs/concurrency.md.
 */
final class Link {

  final Settings settings = new Settings();
  final Negotiated negotiated = new Negotiated();
  final Statistics statistics = new Statistics();
  final Trace trace = new Trace();
  final Commands commands = new Commands();
  final ReentrantLock lock = commands.lock;

  /** Signalled when a role is given back, a command ends or the state changes. */
  private final Condition progress = lock.newCondition();

  private volatile State state = State.Connect.START;
  private volatile @Nullable ChannelTransport transport;
  private volatile @Nullable Failure failure;
  private volatile @Nullable State lastState;
  private @Nullable RequestWriter writer;
  private @Nullable ReplyReader reader;

  // Under the lock.
  @Nullable Operation operation;
  private @Nullable Thread readerOwner;
  private int readerDepth;
  private @Nullable Thread writerOwner;
  private int writerDepth;
  private int watchers;
  private boolean stepping;

  State state() {
    return state;
  }

  /** The state that counts in an error message: after the end, the one that it came in. */
  State phase() {
    State before = lastState;
    return before != null ? before : state;
  }

  StateWord word() {
    return state.word();
  }

  boolean ended() {
    return state instanceof State.End;
  }

  /** Why the connection is dead, or null. */
  @Nullable Failure failure() {
    return failure;
  }

  /** Publishes a state; under the lock, and never after the end. */
  void state(State next) {
    if (!(state instanceof State.End)) {
      state = next;
    }
  }

  @Nullable ChannelTransport transport() {
    return transport;
  }

  void transport(@Nullable ChannelTransport made) {
    transport = made;
  }

  /** The transport of a connection that is known to have one. */
  ChannelTransport connectedTransport() {
    return Objects.requireNonNull(transport);
  }

  RequestWriter writer() {
    return Objects.requireNonNull(writer);
  }

  ReplyReader reader() {
    return Objects.requireNonNull(reader);
  }

  /** Begins transmission; by the thread with the reader's role. */
  void beginTransmission() {
    writer = new RequestWriter(commands, negotiated, statistics, this::complete);
    reader = new ReplyReader(commands, negotiated, statistics, trace, this::complete);
  }

  // Roles: all under the lock.

  boolean takeReader() {
    if (readerElsewhere()) {
      return false;
    }
    readerOwner = Thread.currentThread();
    readerDepth++;
    return true;
  }

  boolean takeWriter() {
    if (writerElsewhere()) {
      return false;
    }
    writerOwner = Thread.currentThread();
    writerDepth++;
    return true;
  }

  boolean readerElsewhere() {
    return readerOwner != null && !isCurrent(readerOwner);
  }

  private boolean writerElsewhere() {
    return writerOwner != null && !isCurrent(writerOwner);
  }

  @SuppressWarnings("ReferenceEquality") // A thread is the same or it is not.
  private static boolean isCurrent(Thread thread) {
    return thread == Thread.currentThread();
  }

  /** Gives a role back that was taken under this very lock. */
  void returnReader() {
    if (--readerDepth == 0) {
      readerOwner = null;
    }
  }

  /** As {@link #returnReader}. */
  void returnWriter() {
    if (--writerDepth == 0) {
      writerOwner = null;
    }
  }

  /** Whether bytes wait for room in the socket, with no thread at work on them. */
  boolean sending() {
    return writer != null && !writerElsewhere() && (writer.partial() || commands.anyQueued());
  }

  /** Notes that the reader is at work; the result is whether it was not. */
  boolean beginStep() {
    boolean outermost = !stepping;
    stepping = true;
    return outermost;
  }

  void endStep() {
    stepping = false;
    changed();
  }

  /** Whether another thread is moving a command's data at this moment. */
  boolean movingElsewhere(Command command) {
    return (readerElsewhere() && stepping && reader != null && reader.receiving() == command)
        || (writerElsewhere() && command.sending());
  }

  /** Waits until something has changed; under the lock, which is given back meanwhile. */
  @SuppressWarnings("WaitNotInLoop") // The callers look again.
  void watchUninterruptibly() {
    watchers++;
    try {
      progress.awaitUninterruptibly();
    } finally {
      watchers--;
    }
  }

  /** Gives the writer's role back. Not under the lock. */
  void leaveWriter() {
    if (ended()) {
      sweep();
    }
    lock.lock();
    try {
      returnWriter();
      changed();
    } finally {
      lock.unlock();
    }
    if (ended()) {
      // It may have ended between the two.
      sweep();
    }
  }

  /** Gives the reader's role back and wakes a waiting caller to take it. Not under the lock. */
  void leaveReader() {
    if (ended()) {
      sweep();
    }
    Thread successor = null;
    lock.lock();
    try {
      returnReader();
      if (readerOwner == null) {
        successor = commands.waiters().longest();
      }
      changed();
    } finally {
      lock.unlock();
    }
    if (ended()) {
      sweep();
    } else if (successor != null) {
      LockSupport.unpark(successor);
    }
  }

  /** Waits, with the lock given back meanwhile, until something has changed or the time is over. */
  @SuppressWarnings("WaitNotInLoop") // The callers look again.
  long watch(long nanos) throws InterruptedException {
    watchers++;
    try {
      if (nanos == Long.MAX_VALUE) {
        progress.await();
        return nanos;
      }
      return progress.awaitNanos(nanos);
    } finally {
      watchers--;
    }
  }

  /** Tells the threads in {@link #watch} that something has changed. */
  void changed() {
    if (watchers > 0) {
      progress.signalAll();
    }
  }

  // Ends.

  /** Delivers a command that has ended, to its waiting caller or to its callback. */
  void complete(Command command) {
    command.restoreBuffer();
    CompletionCallback callback;
    lock.lock();
    try {
      commands.remove(command);
      if (command.abandoned()) {
        commands.free(command);
        return;
      }
      if (command.blocking) {
        Thread waiter = commands.end(command);
        changed();
        if (waiter != null && !isCurrent(waiter)) {
          LockSupport.unpark(waiter);
        }
        return;
      }
      callback = command.completion;
      if (callback == null) {
        commands.keep(command);
        changed();
        return;
      }
    } finally {
      lock.unlock();
    }
    boolean retire = false;
    try {
      retire = callback.completed(command.error);
    } catch (NbdException e) {
      replace(command, e.errno(), e);
    } catch (RuntimeException e) {
      replace(command, Errno.EPROTO, e);
    }
    lock.lock();
    try {
      if (retire) {
        commands.free(command);
      } else {
        commands.keep(command);
      }
      changed();
    } finally {
      lock.unlock();
    }
  }

  private static void replace(Command command, int errno, Exception cause) {
    if (errno != 0) {
      command.error = errno;
      command.cause = cause;
    }
  }

  /** The connection can't go on. */
  void die(Failure why) {
    end(State.End.DEAD, why);
  }

  /**
   * The connection can't go on.
   *
   * @return the failure that counts: the first, or that another thread has closed the handle
   */
  Failure dead(Failure why) {
    die(why);
    Failure first = failure;
    return first != null
        ? first
        : new Failure(Kind.TRANSPORT, Errno.ENOTCONN, "connection is closed");
  }

  /** The connection has ended in order. */
  void closed() {
    end(State.End.CLOSED, null);
  }

  private void end(State.End last, @Nullable Failure why) {
    Operation unfinished;
    lock.lock();
    try {
      if (ended()) {
        return;
      }
      trace.message("transition: " + state.shortName() + " -> " + last.shortName());
      failure = why;
      lastState = state;
      state = last;
      unfinished = operation;
      operation = null;
      progress.signalAll();
    } finally {
      lock.unlock();
    }
    ChannelTransport open = transport;
    if (open != null) {
      open.close();
    }
    sweep();
    if (unfinished != null) {
      int errno = why == null ? Errno.ENOTCONN : why.errno();
      completed(unfinished, errno == 0 ? Errno.ENOTCONN : errno);
    }
  }

  /**
   * Ends, after the end of the connection, the commands that no other thread is busy with. A thread
   * with a role does this again as it gives the role back, so none is left.
   */
  private void sweep() {
    List<Command> stranded;
    lock.lock();
    try {
      boolean readElsewhere = readerElsewhere();
      if (writer != null && !writerElsewhere()) {
        writer.release();
      }
      if (reader != null && !readElsewhere) {
        reader.release();
      }
      Command received = readElsewhere && reader != null ? reader.receiving() : null;
      stranded = commands.drain(received, command -> command.fail(Errno.ENOTCONN));
    } finally {
      lock.unlock();
    }
    for (Command command : stranded) {
      if (command.isDisconnect()) {
        command.giveUp();
      }
      complete(command);
    }
  }

  /** Runs the callback of an option that has ended. */
  void completed(Operation ended, int errno) {
    CompletionCallback callback = ended.completion();
    if (callback != null) {
      try {
        callback.completed(errno);
      } catch (NbdException | RuntimeException e) {
        // An option keeps no result that it could replace.
        trace.message("the completion callback failed: " + e);
      }
    }
  }

  /** An I/O failure in libnbd's words. */
  static Failure failure(String call, IOException e) {
    if (e instanceof ClosedByInterruptException) {
      return new Failure(
          Kind.TRANSPORT,
          Errno.EINTR,
          call + ": the thread that used the connection alone was interrupted, which closed it",
          e);
    }
    int errno = SystemErrno.of(e);
    return new Failure(Kind.TRANSPORT, errno, call + SystemErrno.detail(e), e);
  }

  /** A defect, in this library or in a buffer that was changed behind its back. */
  static Failure defect(RuntimeException e) {
    return new Failure(
        Kind.TRANSPORT,
        Errno.EFAULT,
        "the connection was given up after an internal error: " + e,
        e);
  }
}
