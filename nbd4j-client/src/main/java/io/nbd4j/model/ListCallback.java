package io.nbd4j.model;

/**
 * Called for each export that a server lists. {@code nbd_list_callback}.
 *
 * <p>It runs with no lock held, on the thread that drove the connection, and may call the handle.
 */
@FunctionalInterface
public interface ListCallback {

  /**
   * Takes note of an export.
   *
   * @param name the export's name
   * @param description what the server says of it, empty if nothing
   */
  void export(String name, String description);
}
