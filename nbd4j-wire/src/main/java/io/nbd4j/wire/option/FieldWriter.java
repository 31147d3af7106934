package io.nbd4j.wire.option;

import io.nbd4j.wire.WireText;
import java.nio.ByteBuffer;

/** Puts the fields of one message one after the other, in a buffer that grows. */
final class FieldWriter {
  private ByteBuffer buffer = ByteBuffer.allocate(64);

  FieldWriter u16(int value) {
    room(Short.BYTES).putShort((short) value);
    return this;
  }

  FieldWriter u32(long value) {
    room(Integer.BYTES).putInt((int) value);
    return this;
  }

  FieldWriter u64(long value) {
    room(Long.BYTES).putLong(value);
    return this;
  }

  FieldWriter bytes(byte[] value) {
    room(value.length).put(value);
    return this;
  }

  FieldWriter text(String value, String field) {
    return bytes(WireText.encode(value, field));
  }

  /** A 32-bit length and the text. */
  FieldWriter countedText(String value, String field) {
    byte[] bytes = WireText.encode(value, field);
    return u32(bytes.length).bytes(bytes);
  }

  /** The message, its length put at {@code lengthAt}, the last four bytes of its header. */
  ByteBuffer finish(int lengthAt) {
    buffer.putInt(lengthAt, buffer.position() - lengthAt - Integer.BYTES);
    return buffer.flip();
  }

  private ByteBuffer room(int bytes) {
    if (buffer.remaining() < bytes) {
      int size = Math.max(2 * buffer.capacity(), Math.addExact(buffer.position(), bytes));
      buffer = ByteBuffer.allocate(size).put(buffer.flip());
    }
    return buffer;
  }
}
