package io.nbd4j.server.conn;

import java.io.IOException;

/** The client did what ends its connection. */
final class ProtocolViolationException extends IOException {
  private static final long serialVersionUID = 1L;

  ProtocolViolationException(String message) {
    super(message);
  }
}
