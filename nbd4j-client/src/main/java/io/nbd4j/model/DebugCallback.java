package io.nbd4j.model;

/**
 * Called with each debug message. {@code nbd_debug_callback}.
 *
 * <p>It runs with no lock held, on the thread that drove the connection, and may call the handle.
 */
@FunctionalInterface
public interface DebugCallback {

  /**
   * Takes note of a message.
   *
   * @param context the libnbd function that was called, for example {@code nbd_connect_unix}
   * @param message the message, one line
   */
  void debug(String context, String message);
}
