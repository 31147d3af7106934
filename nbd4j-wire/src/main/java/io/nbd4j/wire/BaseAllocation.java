package io.nbd4j.wire;

/** The meta context {@code base:allocation} and its flags. No flag: data, or not known. */
public final class BaseAllocation {
  /** The extent is not allocated. */
  public static final int HOLE = 1;

  /** The extent reads as zeroes. */
  public static final int ZERO = 1 << 1;

  /** The name of the context. */
  public static final String CONTEXT = "base:allocation";

  private static final String[] NAMES = {"HOLE", "ZERO"};

  private BaseAllocation() {}

  /**
   * The names of the bits that are set, lowest first, joined by {@code |}; unknown bits follow as
   * one hexadecimal number.
   *
   * @param flags the bits
   * @return for example {@code HOLE|ZERO}; {@code 0} if no bit is set
   */
  public static String names(int flags) {
    return Numbers.bits(flags, NAMES);
  }
}
