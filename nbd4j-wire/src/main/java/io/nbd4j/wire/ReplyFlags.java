package io.nbd4j.wire;

/** The flags of a structured or extended reply chunk (16 bits). */
public final class ReplyFlags {
  /** The last chunk of the reply. */
  public static final int DONE = 1;

  private static final String[] NAMES = {"DONE"};

  private ReplyFlags() {}

  /**
   * The names of the bits that are set, lowest first, joined by {@code |}; unknown bits follow as
   * one hexadecimal number.
   *
   * @param flags the bits
   * @return for example {@code DONE}; {@code 0} if no bit is set
   */
  public static String names(int flags) {
    return Numbers.bits(flags, NAMES);
  }
}
