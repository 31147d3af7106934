package io.nbd4j.model;

/** The kinds of block size; the order is that of the numbers in C. */
public enum BlockSize {
  /** Offsets and lengths must be multiples of it. */
  MINIMUM,
  /** Offsets and lengths that are multiples of it are efficient. */
  PREFERRED,
  /** The largest payload that the server takes. */
  MAXIMUM,
  /** The largest payload that this client sends. */
  PAYLOAD
}
