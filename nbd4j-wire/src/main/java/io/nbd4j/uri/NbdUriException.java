package io.nbd4j.uri;

/** A text is not a usable NBD URI; the message says why, in libnbd's words. */
public final class NbdUriException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Describes what is wrong.
   *
   * @param message libnbd's text, without the name of the failing call before it and without the
   *     error's text after it
   */
  public NbdUriException(String message) {
    super(message);
  }
}
