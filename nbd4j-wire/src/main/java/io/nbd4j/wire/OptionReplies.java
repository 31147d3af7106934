package io.nbd4j.wire;

/** The types of option replies. Errors have bit 31 set. */
public final class OptionReplies {
  /** The option is accepted; the last reply to it. */
  public static final int ACK = 1;

  /** One export of a list. */
  public static final int SERVER = 2;

  /** One piece of information about an export. */
  public static final int INFO = 3;

  /** One meta context. */
  public static final int META_CONTEXT = 4;

  /** The option is unknown or not supported. */
  public static final int ERR_UNSUP = 0x80000001;

  /** The server is configured to refuse it. */
  public static final int ERR_POLICY = 0x80000002;

  /** The request is malformed or comes at the wrong time. */
  public static final int ERR_INVALID = 0x80000003;

  /** The platform of the server cannot do it. */
  public static final int ERR_PLATFORM = 0x80000004;

  /** TLS has to be started first. */
  public static final int ERR_TLS_REQD = 0x80000005;

  /** There is no such export. */
  public static final int ERR_UNKNOWN = 0x80000006;

  /** The server is shutting down; the client has to leave. */
  public static final int ERR_SHUTDOWN = 0x80000007;

  /** The client has to ask for the block sizes and honour them. */
  public static final int ERR_BLOCK_SIZE_REQD = 0x80000008;

  /** The request is too large. */
  public static final int ERR_TOO_BIG = 0x80000009;

  /** Extended headers are needed, or cannot be left again. */
  public static final int ERR_EXT_HEADER_REQD = 0x8000000a;

  private OptionReplies() {}

  /**
   * The specification's name of a number, without its prefix; an unknown number is shown.
   *
   * @param type a reply type
   * @return for example {@code ERR_INVALID}, or {@code unknown (77)}
   */
  public static String name(int type) {
    return switch (type) {
      case ACK -> "ACK";
      case SERVER -> "SERVER";
      case INFO -> "INFO";
      case META_CONTEXT -> "META_CONTEXT";
      case ERR_UNSUP -> "ERR_UNSUP";
      case ERR_POLICY -> "ERR_POLICY";
      case ERR_INVALID -> "ERR_INVALID";
      case ERR_PLATFORM -> "ERR_PLATFORM";
      case ERR_TLS_REQD -> "ERR_TLS_REQD";
      case ERR_UNKNOWN -> "ERR_UNKNOWN";
      case ERR_SHUTDOWN -> "ERR_SHUTDOWN";
      case ERR_BLOCK_SIZE_REQD -> "ERR_BLOCK_SIZE_REQD";
      case ERR_TOO_BIG -> "ERR_TOO_BIG";
      case ERR_EXT_HEADER_REQD -> "ERR_EXT_HEADER_REQD";
      default -> Numbers.unknown(type);
    };
  }

  /**
   * Whether a reply type means failure: bit 31, known number or not.
   *
   * @param type a reply type
   * @return whether it is an error
   */
  public static boolean isError(int type) {
    return type < 0;
  }
}
