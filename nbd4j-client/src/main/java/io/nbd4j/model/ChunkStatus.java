package io.nbd4j.model;

/** What a piece of a structured read brought; in C the numbers start at 1. */
public enum ChunkStatus {
  /** Bytes were stored in the buffer. */
  DATA,
  /** The server named a hole, and zeroes were stored in the buffer. */
  HOLE,
  /** The server reported an error at an offset. */
  ERROR
}
