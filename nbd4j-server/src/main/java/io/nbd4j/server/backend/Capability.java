package io.nbd4j.server.backend;

/**
 * What a {@link Backend} can do beyond reading. The server tells clients what follows from these.
 */
public enum Capability {
  /** It can be written. Without this the export is read-only. */
  WRITE,

  /** {@link Backend#flush} brings completed writes to permanent storage. */
  FLUSH,

  /**
   * A single write, trim or zero can be made permanent. Without this, but with {@link #FLUSH}, the
   * server flushes after the operation, and the backend never sees the flag.
   */
  FUA,

  /** {@link Backend#trim} gives storage back. */
  TRIM,

  /**
   * {@link Backend#zero} knows when it is faster than a write, and refuses at once when it is not.
   */
  FAST_ZERO,

  /** {@link Backend#cache} makes later reads faster. */
  CACHE,

  /** {@link Backend#extents} knows holes and zeroes. */
  EXTENTS,

  /** A flush covers the completed writes of all connections, and they all see the same content. */
  MULTI_CONN,

  /** Access in order is faster, as on a turning disk. */
  ROTATIONAL
}
