package io.nbd4j.model;

/**
 * Called for each meta context that a server names. {@code nbd_context_callback}.
 *
 * <p>It runs with no lock held, on the thread that drove the connection, and may call the handle.
 */
@FunctionalInterface
public interface ContextCallback {

  /**
   * Takes note of a meta context.
   *
   * @param name the name of the context
   */
  void context(String name);
}
