package io.nbd4j.wire.option;

import io.nbd4j.wire.Limits;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.WireText;
import java.nio.ByteBuffer;

/** Takes the fields of one message in order; every length is checked before it is used. */
final class FieldReader {
  private final String message;
  private final ByteBuffer data;

  FieldReader(String message, ByteBuffer data) {
    this.message = message;
    // A view, so that the caller's position and byte order stay as they are.
    this.data = data.slice();
  }

  int u16(String field) throws MalformedMessageException {
    return Short.toUnsignedInt(need(field, Short.BYTES).getShort());
  }

  int i32(String field) throws MalformedMessageException {
    return need(field, Integer.BYTES).getInt();
  }

  long u32(String field) throws MalformedMessageException {
    return Integer.toUnsignedLong(i32(field));
  }

  long u64(String field) throws MalformedMessageException {
    return need(field, Long.BYTES).getLong();
  }

  /** A 32-bit length and that many bytes of text. */
  String countedText(String field) throws MalformedMessageException {
    long length = u32(field + " length");
    if (length > data.remaining()) {
      throw broken(
          field + " length", length + " bytes, but only " + data.remaining() + " are left");
    }
    return text(field, (int) length);
  }

  /** All that is left, as text. */
  String restAsText(String field) throws MalformedMessageException {
    return text(field, data.remaining());
  }

  byte[] rest() {
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    return bytes;
  }

  /**
   * A 32-bit count of items of at least {@code size} bytes each, all of which must fit into what is
   * left.
   */
  int count32(String field, int size) throws MalformedMessageException {
    return checkedCount(field, u32(field), size);
  }

  /** A 16-bit count, else like {@link #count32}. */
  int count16(String field, int size) throws MalformedMessageException {
    return checkedCount(field, u16(field), size);
  }

  void end() throws MalformedMessageException {
    if (data.hasRemaining()) {
      throw broken("length", data.remaining() + " bytes too many");
    }
  }

  MalformedMessageException broken(String field, String problem) {
    return new MalformedMessageException(message + ": " + field + ": " + problem);
  }

  private int checkedCount(String field, long count, int size) throws MalformedMessageException {
    if (count > data.remaining() / size) {
      throw broken(
          field,
          count
              + " items of "
              + size
              + " bytes or more, but only "
              + data.remaining()
              + " bytes are left");
    }
    return (int) count;
  }

  private String text(String field, int length) throws MalformedMessageException {
    if (length > Limits.MAX_STRING) {
      throw broken(field, length + " bytes, the limit is " + Limits.MAX_STRING);
    }
    int at = data.position();
    for (int i = 0; i < length; i++) {
      if (data.get(at + i) == 0) {
        throw broken(field, "NUL at index " + i + " of " + length + " bytes");
      }
    }
    data.position(at + length);
    return WireText.decode(data, at, length);
  }

  private ByteBuffer need(String field, int bytes) throws MalformedMessageException {
    if (data.remaining() < bytes) {
      throw broken(field, bytes + " bytes needed, but only " + data.remaining() + " are left");
    }
    return data;
  }
}
