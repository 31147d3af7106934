package io.nbd4j.wire.option;

import java.util.Arrays;
import java.util.HexFormat;

/** What the records of this package check and do alike. */
final class Fields {
  private Fields() {}

  static int requireU16(int value, String field) {
    if (value < 0 || value > 0xffff) {
      throw new IllegalArgumentException(
          field + ": " + value + " is not an unsigned 16-bit number");
    }
    return value;
  }

  static long requireU32(long value, String field) {
    if (value < 0 || value > 0xffff_ffffL) {
      throw new IllegalArgumentException(
          field + ": " + value + " is not an unsigned 32-bit number");
    }
    return value;
  }

  static boolean same(int number, byte[] data, int otherNumber, byte[] otherData) {
    return number == otherNumber && Arrays.equals(data, otherData);
  }

  static int hash(int number, byte[] data) {
    return 31 * number + Arrays.hashCode(data);
  }

  static String show(String field, int number, byte[] data) {
    return "Unknown["
        + field
        + "="
        + Integer.toUnsignedString(number)
        + ", data="
        + HexFormat.of().formatHex(data)
        + "]";
  }
}
