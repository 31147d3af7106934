package io.nbd4j.script;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A call on a thread of its own. */
public final class Caller<T> implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 20;

  private final FutureTask<T> task;
  private final Thread thread;

  private Caller(Callable<T> call, Thread.Builder builder) {
    task = new FutureTask<>(call);
    thread = builder.unstarted(task);
  }

  public static <T> Caller<T> start(Callable<T> call) {
    return start(call, Thread.ofPlatform().daemon().name("caller"));
  }

  public static <T> Caller<T> start(Callable<T> call, Thread.Builder builder) {
    Caller<T> caller = new Caller<>(call, builder);
    caller.thread.start();
    return caller;
  }

  public void interrupt() {
    thread.interrupt();
  }

  public boolean isDone() {
    return task.isDone();
  }

  /** The result, once the call has ended; what it threw is the cause of an error. */
  public T get() throws InterruptedException {
    try {
      return task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("the call failed: " + e.getCause(), e.getCause());
    } catch (TimeoutException e) {
      AssertionError stuck = new AssertionError("the call does not end");
      stuck.setStackTrace(thread.getStackTrace());
      throw stuck;
    }
  }

  @Override
  public void close() {
    thread.interrupt();
    boolean interrupted = false;
    try {
      thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
