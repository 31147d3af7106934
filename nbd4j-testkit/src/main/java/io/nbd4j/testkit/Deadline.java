package io.nbd4j.testkit;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** The end of a test's patience with something that should come about before long. */
public final class Deadline {

  /** Long enough for a machine that is busy with something else. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(1);

  private final long end;

  private Deadline(Duration patience) {
    end = System.nanoTime() + patience.toNanos();
  }

  /** The deadline of something that begins now. */
  public static Deadline fromNow() {
    return new Deadline(PATIENCE);
  }

  /** Fails once the time is over; otherwise lets others work for a moment. */
  public void pause(Supplier<String> what) {
    if (System.nanoTime() - end > 0) {
      throw new AssertionError("waited in vain: " + what.get());
    }
    LockSupport.parkNanos(PAUSE);
  }

  /** The milliseconds that are left, for a call that takes a timeout. */
  public int millis() {
    return (int) Math.max(0, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()));
  }

  /** Waits until something is true. */
  public static void await(String what, Callable<Boolean> condition) throws Exception {
    await(() -> what, condition);
  }

  /** Waits until something is true; the description is made only when it never was. */
  public static void await(Supplier<String> what, Callable<Boolean> condition) throws Exception {
    Deadline deadline = fromNow();
    while (!condition.call()) {
      deadline.pause(what);
    }
  }

  /** Waits for the end of a thread, which fails the test if it does not come. */
  public static void join(Thread thread) throws InterruptedException {
    if (!thread.join(PATIENCE)) {
      AssertionError hung = new AssertionError(thread + " does not end");
      hung.setStackTrace(thread.getStackTrace());
      throw hung;
    }
  }
}
