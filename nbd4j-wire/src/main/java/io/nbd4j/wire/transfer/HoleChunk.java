package io.nbd4j.wire.transfer;

import io.nbd4j.wire.MalformedMessageException;
import java.nio.ByteBuffer;

/**
 * The payload of an OFFSET_HOLE chunk: a range that reads as zeroes.
 *
 * <pre>
 *   +----------------+--------+
 *   | offset         | length |
 *   +----------------+--------+
 *   0                8        12
 * </pre>
 *
 * <p>The instance is reused: {@link #wrap} moves it. It is for one thread at a time. The buffer
 * must be big-endian.
 */
public final class HoleChunk extends View {
  /** The length of the payload, in bytes. */
  public static final int SIZE = 12;

  private static final int OFFSET = 0;
  private static final int LENGTH = 8;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public HoleChunk() {}

  /**
   * Moves to a payload.
   *
   * @param buffer a big-endian buffer with the payload
   * @param at the absolute index of the first byte
   * @param length the length of the payload in bytes, unsigned
   * @return this
   * @throws MalformedMessageException if the length is not {@link #SIZE}
   * @throws IndexOutOfBoundsException if the payload does not end within the buffer's limit
   */
  public HoleChunk wrap(ByteBuffer buffer, int at, long length) throws MalformedMessageException {
    if (length != SIZE) {
      throw badLength("OFFSET_HOLE chunk", length, "12 are needed");
    }
    bind(buffer, at, SIZE);
    return this;
  }

  /**
   * Where the hole begins.
   *
   * @return the absolute offset in the export in bytes, unsigned
   */
  public long offset() {
    return buffer.getLong(at + OFFSET);
  }

  /**
   * How long the hole is.
   *
   * @return the length in bytes, unsigned 32 bits
   */
  public long length() {
    return Integer.toUnsignedLong(buffer.getInt(at + LENGTH));
  }

  /**
   * Writes a payload.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte
   * @param offset where the hole begins, in bytes, unsigned
   * @param length how long it is, in bytes, unsigned 32 bits
   * @throws IllegalArgumentException if the length is not an unsigned 32-bit number
   */
  public static void set(ByteBuffer buffer, int at, long offset, long length) {
    check(buffer, at, SIZE);
    buffer.putInt(at + LENGTH, u32(length, "length")).putLong(at + OFFSET, offset);
  }
}
