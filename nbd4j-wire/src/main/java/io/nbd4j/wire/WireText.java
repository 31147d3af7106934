package io.nbd4j.wire;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The strings of the protocol: UTF-8, no NUL, at most {@link Limits#MAX_STRING} bytes, no
 * terminator.
 */
public final class WireText {
  private WireText() {}

  /**
   * Encodes a string for the wire.
   *
   * @param text the string
   * @param field what it is, for the exception
   * @return its bytes
   * @throws IllegalArgumentException if it is too long, has a NUL, or is not Unicode text
   */
  public static byte[] encode(String text, String field) {
    if (text.indexOf(0) >= 0) {
      throw new IllegalArgumentException(field + ": NUL at index " + text.indexOf(0));
    }
    ByteBuffer bytes;
    try {
      bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(field + ": not Unicode text", e);
    }
    if (bytes.remaining() > Limits.MAX_STRING) {
      throw new IllegalArgumentException(
          field + ": " + bytes.remaining() + " bytes, the limit is " + Limits.MAX_STRING);
    }
    byte[] exact = new byte[bytes.remaining()];
    bytes.get(exact);
    return exact;
  }

  /**
   * Decodes a string from the wire. It never fails: a byte that is not UTF-8 becomes the text
   * {@code \\xNN}.
   *
   * @param buffer where the bytes are; its position and limit stay as they are
   * @param at the absolute index of the first byte
   * @param length the number of bytes
   * @return the string
   */
  public static String decode(ByteBuffer buffer, int at, int length) {
    ByteBuffer in = buffer.slice(at, length);
    // One char per byte is always enough: no UTF-8 sequence has more chars than bytes.
    CharBuffer out = CharBuffer.allocate(length);
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    StringBuilder text = new StringBuilder(length);
    while (true) {
      CoderResult result = decoder.decode(in, out, true);
      text.append(out.flip());
      out.clear();
      if (!result.isError()) {
        return text.toString();
      }
      for (int i = 0; i < result.length(); i++) {
        text.append(String.format(Locale.ROOT, "\\x%02x", in.get() & 0xff));
      }
    }
  }
}
