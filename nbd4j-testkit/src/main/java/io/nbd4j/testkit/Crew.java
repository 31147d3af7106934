package io.nbd4j.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Threads that do a test's work together, whose failures are the test's. */
public final class Crew {

  /** The sort of a thread. */
  public enum Kind {
    PLATFORM,
    VIRTUAL
  }

  /** What a thread does. */
  @FunctionalInterface
  public interface Task {
    void run() throws Exception;
  }

  private final List<Thread> threads = new ArrayList<>();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

  /** Starts a thread. */
  public Thread start(Kind kind, Task task) {
    Thread.Builder builder =
        switch (kind) {
          case PLATFORM -> Thread.ofPlatform().daemon();
          case VIRTUAL -> Thread.ofVirtual();
        };
    Thread thread =
        builder
            .name("crew-" + threads.size())
            .start(() -> {
              try {
                task.run();
              } catch (Exception | AssertionError e) {
                failures.add(e);
              }
            });
    threads.add(thread);
    return thread;
  }

  /** Starts several threads. */
  public void start(int count, Kind kind, Task task) {
    for (int i = 0; i < count; i++) {
      start(kind, task);
    }
  }

  /** Whether a thread has failed. */
  public boolean failed() {
    return !failures.isEmpty();
  }

  /** Waits for the end of all threads; what failed in them is thrown here. */
  public void join() throws Exception {
    Throwable first = null;
    for (Thread thread : threads) {
      try {
        Deadline.join(thread);
      } catch (AssertionError hung) {
        failures.add(hung);
      }
    }
    for (Throwable failure : failures) {
      if (first == null) {
        first = failure;
      } else {
        first.addSuppressed(failure);
      }
    }
    switch (first) {
      case null -> {}
      case Error e -> throw e;
      case Exception e -> throw e;
      default -> throw new AssertionError(first);
    }
  }
}
