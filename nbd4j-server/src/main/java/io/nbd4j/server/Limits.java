package io.nbd4j.server;

import java.time.Duration;

/**
 * What clients may take of the server.
 *
 * @param connections connections at a time; one more is closed at once
 * @param requestsInFlight requests of one connection that run at the same time; the next one is not
 *     read before
 * @param bytesInFlight payload bytes of one connection's requests in flight; at least {@code
 *     maximumPayload}
 * @param maximumPayload the bytes that one read or write may carry, from 64 KiB to 256 MiB; an
 *     export may allow less
 * @param handshakeTimeout how long a client may take from connecting to using an export
 * @param closeTimeout how long requests in flight may take to finish when the server or the client
 *     ends the connection
 */
public record Limits(
    int connections,
    int requestsInFlight,
    int bytesInFlight,
    int maximumPayload,
    Duration handshakeTimeout,
    Duration closeTimeout) {
  /**
   * 4096 connections, each with 64 requests and 64 MiB in flight, 32 MiB a request, 30 s and 10 s.
   */
  public static final Limits DEFAULT =
      new Limits(4096, 64, 1 << 26, 1 << 25, Duration.ofSeconds(30), Duration.ofSeconds(10));

  /**
   * Checks the limits.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public Limits {
    require(connections > 0, "connections", connections);
    require(requestsInFlight > 0, "requestsInFlight", requestsInFlight);
    require(
        maximumPayload >= 1 << 16 && maximumPayload <= 1 << 28, "maximumPayload", maximumPayload);
    require(bytesInFlight >= maximumPayload, "bytesInFlight", bytesInFlight);
    require(handshakeTimeout.isPositive(), "handshakeTimeout", handshakeTimeout);
    require(!closeTimeout.isNegative(), "closeTimeout", closeTimeout);
  }

  private static void require(boolean good, String name, Object value) {
    if (!good) {
      throw new IllegalArgumentException(name + ": " + value);
    }
  }

  /**
   * The same limits with another number of connections.
   *
   * @param count connections at a time
   * @return new limits
   */
  public Limits withConnections(int count) {
    return new Limits(
        count, requestsInFlight, bytesInFlight, maximumPayload, handshakeTimeout, closeTimeout);
  }

  /**
   * The same limits with other bounds for the requests in flight of a connection.
   *
   * @param requests their number
   * @param bytes their payload bytes
   * @return new limits
   */
  public Limits withInFlight(int requests, int bytes) {
    return new Limits(connections, requests, bytes, maximumPayload, handshakeTimeout, closeTimeout);
  }

  /**
   * The same limits with another bound for the payload of a request.
   *
   * @param bytes the maximum payload
   * @return new limits
   */
  public Limits withMaximumPayload(int bytes) {
    return new Limits(
        connections, requestsInFlight, bytesInFlight, bytes, handshakeTimeout, closeTimeout);
  }

  /**
   * The same limits with other timeouts.
   *
   * @param handshake from connecting to using an export
   * @param close for requests in flight at the end
   * @return new limits
   */
  public Limits withTimeouts(Duration handshake, Duration close) {
    return new Limits(
        connections, requestsInFlight, bytesInFlight, maximumPayload, handshake, close);
  }
}
