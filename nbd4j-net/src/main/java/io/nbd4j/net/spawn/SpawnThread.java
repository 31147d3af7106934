package io.nbd4j.net.spawn;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that starts children, and lives as long as the virtual machine does.
 *
 * <p>A server that asks to be killed when its parent dies, as {@code nbdkit --exit-with-parent}
 * does, is killed by Linux when the <em>thread</em> that started it ends. Nothing interrupts this
 * thread, so that an interrupted caller never leaves a child that nobody knows of.
 */
final class SpawnThread {

  private static final ExecutorService THREAD =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform()
              .daemon()
              .name("nbd4j-spawn")
              .inheritInheritableThreadLocals(false)
              .factory());

  private SpawnThread() {}

  /**
   * Does the work on that thread and waits for its end, whether or not the caller is interrupted;
   * an interrupt is kept.
   */
  static <T> T call(Callable<T> work) throws IOException {
    Future<T> result = THREAD.submit(work);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return result.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw rethrow(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static IOException rethrow(@Nullable Throwable failure) {
    return switch (failure) {
      case IOException expected -> expected;
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      case null, default -> throw new AssertionError(failure);
    };
  }
}
