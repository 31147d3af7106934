package io.nbd4j.wire;

/** The flags of a request (16 bits). */
public final class CommandFlags {
  /** The effect is permanent before the reply is sent. */
  public static final int FUA = 1;

  /** WRITE_ZEROES: leave the range allocated. */
  public static final int NO_HOLE = 1 << 1;

  /** READ: answer in one data or hole chunk. */
  public static final int DF = 1 << 2;

  /** BLOCK_STATUS: one extent, not longer than asked. */
  public static final int REQ_ONE = 1 << 3;

  /** WRITE_ZEROES: fail with ENOTSUP unless it is faster than writing. */
  public static final int FAST_ZERO = 1 << 4;

  /** Extended headers: the length is that of a payload that follows. */
  public static final int PAYLOAD_LEN = 1 << 5;

  private static final String[] NAMES = {
    "FUA", "NO_HOLE", "DF", "REQ_ONE", "FAST_ZERO", "PAYLOAD_LEN"
  };

  private CommandFlags() {}

  /**
   * The names of the bits that are set, lowest first, joined by {@code |}; unknown bits follow as
   * one hexadecimal number.
   *
   * @param flags the bits
   * @return for example {@code FUA|NO_HOLE}; {@code 0} if no bit is set
   */
  public static String names(int flags) {
    return Numbers.bits(flags, NAMES);
  }
}
