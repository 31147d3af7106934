package io.nbd4j.server.conn;

import java.time.Duration;

/**
 * What one connection may take.
 *
 * @param requests requests in flight
 * @param bytes payload bytes in flight, at least {@code payload}
 * @param payload the payload of one read or write, in bytes
 * @param connections connections at a time
 * @param handshakeTimeout how long a client may take to reach the transmission
 * @param closeTimeout how long commands in flight may take to finish once a connection ends
 */
public record Bounds(
    int requests,
    int bytes,
    int payload,
    int connections,
    Duration handshakeTimeout,
    Duration closeTimeout) {
  /** The longest option that is read; a longer one is skipped and refused. */
  static final int OPTION = 1 << 16;

  /**
   * The work, in bytes, up to which a request to a backend that never blocks stays on the
   * connection's thread.
   */
  static final int INLINE = 1 << 16;

  /** The context ids that one block status request may name. */
  static final int CONTEXT_IDS = 1024;
}
