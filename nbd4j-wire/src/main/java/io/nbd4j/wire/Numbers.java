package io.nbd4j.wire;

/** How numbers without a name, and sets of bits, are written. */
final class Numbers {
  private Numbers() {}

  static String unknown(int code) {
    return "unknown (" + Integer.toUnsignedString(code) + ")";
  }

  /** Names bit 0 by {@code names[0]} and so on; the bits above the table stay a number. */
  static String bits(int flags, String[] names) {
    if (flags == 0) {
      return "0";
    }
    StringBuilder text = new StringBuilder();
    int rest = flags;
    for (int bit = 0; bit < names.length; bit++) {
      if ((flags & 1 << bit) != 0) {
        text.append(text.isEmpty() ? "" : "|").append(names[bit]);
        rest &= ~(1 << bit);
      }
    }
    if (rest != 0) {
      text.append(text.isEmpty() ? "" : "|").append("0x").append(Integer.toHexString(rest));
    }
    return text.toString();
  }
}
