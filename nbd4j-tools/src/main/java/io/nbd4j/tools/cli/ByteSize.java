package io.nbd4j.tools.cli;

/** Sizes in bytes as people write them. */
public final class ByteSize {
  private static final String SUFFIXES = "KMGTPE";
  private static final int SECTOR = 512;

  private ByteSize() {}

  /**
   * Reads a whole number of bytes with one optional suffix: b, k, m, g, t, p or e in either case
   * for powers of 1024, s for 512.
   *
   * @throws UsageException if it is nothing of that kind, or above 2^63-1 bytes
   */
  public static long parse(String text) throws UsageException {
    try {
      int last = text.length() - 1;
      long unit = last > 0 ? unit(text.charAt(last)) : 0;
      String digits = unit == 0 ? text : text.substring(0, last);
      if (!digits.isEmpty() && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return Math.multiplyExact(Long.parseLong(digits), Math.max(unit, 1));
      }
    } catch (ArithmeticException | NumberFormatException e) {
      throw UsageException.refused("size is too large: " + text);
    }
    throw UsageException.refused("could not parse size: " + text);
  }

  private static long unit(char suffix) {
    char upper = Character.toUpperCase(suffix);
    int power = SUFFIXES.indexOf(upper);
    if (power >= 0) {
      return 1L << (10 * (power + 1));
    }
    return switch (upper) {
      case 'B' -> 1;
      case 'S' -> SECTOR;
      default -> 0;
    };
  }

  /** The size divided by 1024 as often as nothing is lost, with the suffix for that. */
  public static String human(long bytes) {
    long value = bytes;
    int power = 0;
    while (value != 0 && value % 1024 == 0 && power < SUFFIXES.length()) {
      value /= 1024;
      power++;
    }
    return power == 0 ? Long.toString(bytes) : value + SUFFIXES.substring(power - 1, power);
  }
}
