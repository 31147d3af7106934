package io.nbd4j.uri;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;

/** Percent-encoding of UTF-8 text, RFC 3986 section 2. */
final class Percent {
  private static final String UNRESERVED =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  private static final String HEX = "0123456789ABCDEF";

  private Percent() {}

  /** Encodes every byte but the unreserved characters and those of {@code literal}. */
  static String encode(String text, String literal) {
    StringBuilder encoded = new StringBuilder(text.length());
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      // A byte of a longer sequence is negative, and found in neither string.
      if (UNRESERVED.indexOf(b) >= 0 || literal.indexOf(b) >= 0) {
        encoded.append((char) b);
      } else {
        encoded.append('%').append(HEX.charAt((b & 0xff) >> 4)).append(HEX.charAt(b & 0xf));
      }
    }
    return encoded.toString();
  }

  /**
   * Decodes ASCII text.
   *
   * @throws CharacterCodingException if a sequence is incomplete, or the result is not UTF-8 or has
   *     a NUL, which no string of the protocol and no path can have
   */
  static String decode(String text) throws CharacterCodingException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int b = c == '%' ? hexByte(text, i) : c;
      if (b <= 0) {
        throw new MalformedInputException(i);
      }
      bytes.write(b);
      i += c == '%' ? 2 : 0;
    }
    return StandardCharsets.UTF_8
        .newDecoder()
        .decode(ByteBuffer.wrap(bytes.toByteArray()))
        .toString();
  }

  /** The byte of the sequence at an index, or -1 if it is incomplete. */
  private static int hexByte(String text, int at) {
    if (at + 2 >= text.length()) {
      return -1;
    }
    int high = Character.digit(text.charAt(at + 1), 16);
    int low = Character.digit(text.charAt(at + 2), 16);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }
}
