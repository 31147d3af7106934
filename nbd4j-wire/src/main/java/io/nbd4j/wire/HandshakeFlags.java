package io.nbd4j.wire;

/**
 * The handshake flags of a newstyle server (16 bits) and the client's answer (32 bits), which uses
 * the same bits.
 */
public final class HandshakeFlags {
  /** Unknown options get an error reply in place of a lost connection. */
  public static final int FIXED_NEWSTYLE = 1;

  /** The 124 zero bytes after the answer to EXPORT_NAME are left out if both sides say so. */
  public static final int NO_ZEROES = 1 << 1;

  /** All bits that have a meaning. */
  public static final int KNOWN = FIXED_NEWSTYLE | NO_ZEROES;

  private static final String[] NAMES = {"FIXED_NEWSTYLE", "NO_ZEROES"};

  private HandshakeFlags() {}

  /**
   * The names of the bits that are set, lowest first, joined by {@code |}; unknown bits follow as
   * one hexadecimal number.
   *
   * @param flags the bits
   * @return for example {@code FIXED_NEWSTYLE|NO_ZEROES}; {@code 0} if no bit is set
   */
  public static String names(int flags) {
    return Numbers.bits(flags, NAMES);
  }
}
