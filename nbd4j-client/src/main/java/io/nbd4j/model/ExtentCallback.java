package io.nbd4j.model;

/**
 * Called for each meta context that a block status reply describes, with 32-bit numbers. {@code
 * nbd_extent_callback}.
 *
 * <p>It runs with no lock held, on the thread that drove the connection, and may call the handle.
 */
@FunctionalInterface
public interface ExtentCallback {

  /**
   * Takes note of the extents of one meta context.
   *
   * @param metacontext the name of the context
   * @param offset where in the export the first extent starts, in bytes
   * @param entries pairs of an unsigned length in bytes and the context's flags
   * @param error the first error of the command so far or 0
   * @throws NbdException to fail the command with the exception's error number, or with EPROTO if
   *     that is 0
   */
  void extent(String metacontext, long offset, int[] entries, int error) throws NbdException;
}
