package io.nbd4j.net.spawn;

import io.nbd4j.net.posix.PosixException;
import io.nbd4j.net.posix.Processes;
import java.time.Duration;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A child process. It is reaped by the first call that learns of its end; until then it stays a
 * zombie, so that its number cannot become another process's.
 *
 * <p>Safe for use by several threads.
 */
public final class Subprocess {

  private static final int DESCRIPTION_LENGTH = 100;

  private final long pid;
  private final String description;

  /** Keeps a signal from going to a number that has just been reaped. Never held while waiting. */
  private final ReentrantLock lock = new ReentrantLock();

  private @Nullable ExitStatus status;
  private @Nullable CompletableFuture<?> ended;

  Subprocess(long pid, List<String> argv) {
    this.pid = pid;
    this.description = describe(argv);
  }

  private static String describe(List<String> argv) {
    String line = String.join(" ", argv).replaceAll("\\p{Cntrl}", "?");
    return line.length() <= DESCRIPTION_LENGTH
        ? line
        : line.substring(0, DESCRIPTION_LENGTH - 3) + "...";
  }

  /**
   * Returns the process number.
   *
   * @return the number, positive, also after the process has been reaped
   */
  public long pid() {
    return pid;
  }

  /**
   * Returns the command line for messages.
   *
   * @return program and arguments, of a bounded length and in one line
   */
  public String describe() {
    return description;
  }

  /**
   * Sends a signal. One that reaches a process which has ended but has not been reaped has no
   * effect.
   *
   * @param signum the system's number of the signal, 0 to test only
   * @throws PosixException {@code ESRCH} once the process has been reaped, {@code EINVAL} if there
   *     is no such signal, or another error
   */
  public void kill(int signum) throws PosixException {
    lock.lock();
    try {
      if (status != null) {
        throw new PosixException("kill", PosixException.ESRCH);
      }
      Processes.kill(pid, signum);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns how the process ended, and reaps it; does not wait.
   *
   * @return the status, the same at every call; null while the process runs
   */
  public @Nullable ExitStatus exitStatus() {
    lock.lock();
    try {
      if (status == null) {
        status = reap();
      }
      return status;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable ExitStatus reap() {
    try {
      OptionalInt ended = Processes.reap(pid);
      return ended.isPresent() ? ExitStatus.ofWaitStatus(ended.getAsInt()) : null;
    } catch (PosixException gone) {
      return ExitStatus.UNKNOWN;
    }
  }

  /**
   * Waits for the process to end, and reaps it. An interrupt does not end the wait; the thread's
   * interrupt status is kept.
   *
   * @param timeout how long to wait at most; nothing is waited for if it is zero or negative
   * @return true if the process has ended
   */
  public boolean awaitExit(Duration timeout) {
    long start = System.nanoTime();
    long most = Math.max(0, TimeUnit.NANOSECONDS.convert(timeout));
    boolean interrupted = false;
    try {
      while (true) {
        Optional<CompletableFuture<?>> running = running();
        long left = most - (System.nanoTime() - start);
        if (running.isEmpty() || left <= 0) {
          return running.isEmpty();
        }
        try {
          running.get().get(left, TimeUnit.NANOSECONDS);
          return exitStatus() != null;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (TimeoutException | ExecutionException e) {
          return exitStatus() != null;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns what completes when the process ends; empty if it has ended. */
  private Optional<CompletableFuture<?>> running() {
    lock.lock();
    try {
      if (exitStatus() != null) {
        return Optional.empty();
      }
      if (ended == null) {
        // The JDK leaves the zombie of a process that it did not start to us. There is a handle, as
        // the process is alive or a zombie while we hold the lock, unless /proc hides it.
        ended =
            ProcessHandle.of(pid)
                .map(ProcessHandle::onExit)
                .orElseGet(() -> CompletableFuture.failedFuture(new NoSuchElementException()));
      }
      return Optional.of(ended);
    } finally {
      lock.unlock();
    }
  }
}
