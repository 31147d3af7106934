package io.nbd4j.wire;

/** The options that a client can send while the handshake runs. */
public final class Options {
  /** Choose an export and start the transmission; there is no error reply. */
  public static final int EXPORT_NAME = 1;

  /** End the session politely. */
  public static final int ABORT = 2;

  /** List the exports. */
  public static final int LIST = 3;

  /** Withdrawn from the specification. */
  public static final int PEEK_EXPORT = 4;

  /** Start TLS on this connection. */
  public static final int STARTTLS = 5;

  /** Ask about an export. */
  public static final int INFO = 6;

  /** Ask about an export and start the transmission. */
  public static final int GO = 7;

  /** Use structured replies. */
  public static final int STRUCTURED_REPLY = 8;

  /** List the meta contexts of an export. */
  public static final int LIST_META_CONTEXT = 9;

  /** Choose the meta contexts that BLOCK_STATUS reports. */
  public static final int SET_META_CONTEXT = 10;

  /** Use headers with 64-bit lengths. */
  public static final int EXTENDED_HEADERS = 11;

  private Options() {}

  /**
   * The specification's name of a number, without its prefix; an unknown number is shown.
   *
   * @param code the number on the wire
   * @return for example {@code GO}, or {@code unknown (77)}
   */
  public static String name(int code) {
    return switch (code) {
      case EXPORT_NAME -> "EXPORT_NAME";
      case ABORT -> "ABORT";
      case LIST -> "LIST";
      case PEEK_EXPORT -> "PEEK_EXPORT";
      case STARTTLS -> "STARTTLS";
      case INFO -> "INFO";
      case GO -> "GO";
      case STRUCTURED_REPLY -> "STRUCTURED_REPLY";
      case LIST_META_CONTEXT -> "LIST_META_CONTEXT";
      case SET_META_CONTEXT -> "SET_META_CONTEXT";
      case EXTENDED_HEADERS -> "EXTENDED_HEADERS";
      default -> Numbers.unknown(code);
    };
  }
}
