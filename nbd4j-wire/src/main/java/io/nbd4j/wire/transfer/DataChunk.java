package io.nbd4j.wire.transfer;

import io.nbd4j.wire.MalformedMessageException;
import java.nio.ByteBuffer;

/**
 * The payload of an OFFSET_DATA chunk. Only the prefix has to be in the buffer; the data can go
 * elsewhere.
 *
 * <pre>
 *   +----------------+--------------
 *   | offset         | data, 1 or more bytes
 *   +----------------+--------------
 *   0                8
 * </pre>
 *
 * <p>The instance is reused: {@link #wrap} moves it. It is for one thread at a time. The buffer
 * must be big-endian.
 */
public final class DataChunk extends View {
  /** The length of what precedes the data, in bytes. */
  public static final int PREFIX = 8;

  private static final int OFFSET = 0;

  private long dataLength;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public DataChunk() {}

  /**
   * Moves to a payload.
   *
   * @param buffer a big-endian buffer with the prefix
   * @param at the absolute index of the first byte
   * @param length the length of the payload in bytes, the prefix included; unsigned
   * @return this
   * @throws MalformedMessageException if there is not a byte of data
   * @throws IndexOutOfBoundsException if the prefix does not end within the buffer's limit
   */
  public DataChunk wrap(ByteBuffer buffer, int at, long length) throws MalformedMessageException {
    if (Long.compareUnsigned(length, PREFIX) <= 0) {
      throw badLength("OFFSET_DATA chunk", length, "9 or more are needed");
    }
    bind(buffer, at, PREFIX);
    dataLength = length - PREFIX;
    return this;
  }

  /**
   * Where the data belong.
   *
   * @return the absolute offset in the export in bytes, unsigned
   */
  public long offset() {
    return buffer.getLong(at + OFFSET);
  }

  /**
   * How much data follow the prefix.
   *
   * @return the length in bytes, unsigned
   */
  public long dataLength() {
    return dataLength;
  }

  /**
   * Writes the prefix.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte
   * @param offset where the data belong, in bytes, unsigned
   */
  public static void set(ByteBuffer buffer, int at, long offset) {
    check(buffer, at, PREFIX);
    buffer.putLong(at + OFFSET, offset);
  }
}
