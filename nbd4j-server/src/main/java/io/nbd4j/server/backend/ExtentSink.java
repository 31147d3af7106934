package io.nbd4j.server.backend;

/** Takes the extents of a range, in order and without gaps from its start. */
@FunctionalInterface
public interface ExtentSink {
  /**
   * Takes the next extent. Neighbours with the same properties need not be merged, and the last may
   * run past the range.
   *
   * @param length its length in bytes, above 0
   * @param hole whether it has no storage of its own
   * @param zero whether it reads as zeroes
   * @return whether more are wanted; after false the caller returns
   * @throws IllegalArgumentException if the length is not above 0
   */
  boolean add(long length, boolean hole, boolean zero);
}
