package io.nbd4j.wire;

/** What an export can do (16 bits), told at the end of the handshake. */
public final class TransmissionFlags {
  /** Always set. */
  public static final int HAS_FLAGS = 1;

  /** Writing is refused. */
  public static final int READ_ONLY = 1 << 1;

  /** FLUSH can be used. */
  public static final int SEND_FLUSH = 1 << 2;

  /** The FUA command flag can be used. */
  public static final int SEND_FUA = 1 << 3;

  /** Seeking is expensive. */
  public static final int ROTATIONAL = 1 << 4;

  /** TRIM can be used. */
  public static final int SEND_TRIM = 1 << 5;

  /** WRITE_ZEROES and NO_HOLE can be used. */
  public static final int SEND_WRITE_ZEROES = 1 << 6;

  /** The DF command flag can be used, with structured or extended replies only. */
  public static final int SEND_DF = 1 << 7;

  /** FLUSH and FUA on one connection cover the writes of all connections. */
  public static final int CAN_MULTI_CONN = 1 << 8;

  /** RESIZE can be used; experimental. */
  public static final int SEND_RESIZE = 1 << 9;

  /** CACHE can be used. */
  public static final int SEND_CACHE = 1 << 10;

  /** The FAST_ZERO command flag can be used; only with SEND_WRITE_ZEROES. */
  public static final int SEND_FAST_ZERO = 1 << 11;

  /** BLOCK_STATUS can be limited to some contexts; only with extended headers. */
  public static final int BLOCK_STATUS_PAYLOAD = 1 << 12;

  private static final String[] NAMES = {
    "HAS_FLAGS",
    "READ_ONLY",
    "SEND_FLUSH",
    "SEND_FUA",
    "ROTATIONAL",
    "SEND_TRIM",
    "SEND_WRITE_ZEROES",
    "SEND_DF",
    "CAN_MULTI_CONN",
    "SEND_RESIZE",
    "SEND_CACHE",
    "SEND_FAST_ZERO",
    "BLOCK_STATUS_PAYLOAD"
  };

  private TransmissionFlags() {}

  /**
   * The names of the bits that are set, lowest first, joined by {@code |}; unknown bits follow as
   * one hexadecimal number.
   *
   * @param flags the bits
   * @return for example {@code HAS_FLAGS|READ_ONLY}; {@code 0} if no bit is set
   */
  public static String names(int flags) {
    return Numbers.bits(flags, NAMES);
  }
}
