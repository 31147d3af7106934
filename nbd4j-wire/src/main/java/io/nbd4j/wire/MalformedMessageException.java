package io.nbd4j.wire;

import java.io.IOException;

/**
 * A message of the peer breaks the protocol. The text names the message, the field and the numbers;
 * the stream cannot be trusted any further.
 */
public final class MalformedMessageException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Describes a broken message.
   *
   * @param text the message, the field and the numbers
   */
  public MalformedMessageException(String text) {
    super(text);
  }
}
