package io.nbd4j.wire.transfer;

import io.nbd4j.wire.MalformedMessageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A place in a buffer. All access is absolute: the buffer's position is neither used nor changed.
 */
abstract sealed class View
    permits CompactRequest,
        ExtendedRequest,
        SimpleReply,
        StructuredChunk,
        ExtendedChunk,
        DataChunk,
        HoleChunk,
        ErrorChunk,
        BlockStatus,
        BlockStatusExt,
        BlockStatusPayload {
  // Too small for any field: a view that was never wrapped fails at the first access.
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  ByteBuffer buffer = NONE;
  int at;

  final void bind(ByteBuffer buffer, int at, int size) {
    check(buffer, at, size);
    this.buffer = buffer;
    this.at = at;
  }

  static void check(ByteBuffer buffer, int at, int size) {
    if (buffer.order() != ByteOrder.BIG_ENDIAN) {
      throw new IllegalArgumentException("the buffer is not big-endian");
    }
    Objects.checkFromIndexSize(at, size, buffer.limit());
  }

  static int u32(long value, String field) {
    if (value < 0 || value > 0xffff_ffffL) {
      throw new IllegalArgumentException(
          field + ": " + Long.toUnsignedString(value) + " is not an unsigned 32-bit number");
    }
    return (int) value;
  }

  static MalformedMessageException badLength(String message, long length, String rule) {
    return new MalformedMessageException(
        message + ": length: " + Long.toUnsignedString(length) + " bytes, " + rule);
  }
}
