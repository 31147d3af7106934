package io.nbd4j.wire.transfer;

import io.nbd4j.wire.MalformedMessageException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * The payload of a BLOCK_STATUS_EXT chunk: extents with 64-bit lengths and flags, one after the
 * other.
 *
 * <pre>
 *   +------------+-------+----------------+----------------+----------------+--
 *   | context id | count | length 0       | flags 0        | length 1       | ...
 *   +------------+-------+----------------+----------------+----------------+--
 *   0            4       8                16               24
 * </pre>
 *
 * <p>A length of 0 breaks the protocol, which is not checked here. The instance is reused: {@link
 * #wrap} moves it. It is for one thread at a time. The buffer must be big-endian.
 */
public final class BlockStatusExt extends View {
  /** The length of what precedes the extents, in bytes. */
  public static final int HEADER = 8;

  /** The length of one extent, in bytes. */
  public static final int ENTRY = 16;

  private static final int CONTEXT_ID = 0;
  private static final int COUNT = 4;
  private static final int ENTRY_LENGTH = HEADER;
  private static final int ENTRY_FLAGS = HEADER + 8;

  private int count;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public BlockStatusExt() {}

  /**
   * Moves to a payload.
   *
   * @param buffer a big-endian buffer with the payload
   * @param at the absolute index of the first byte
   * @param length the length of the payload in bytes, unsigned
   * @return this
   * @throws MalformedMessageException if the length is not that of one extent or more, or the count
   *     in the payload is another number of extents
   * @throws IndexOutOfBoundsException if the payload does not end within the buffer's limit
   */
  public BlockStatusExt wrap(ByteBuffer buffer, int at, long length)
      throws MalformedMessageException {
    if (length < HEADER + ENTRY || length > Integer.MAX_VALUE || (length - HEADER) % ENTRY != 0) {
      throw badLength("BLOCK_STATUS_EXT chunk", length, "8 + 16n with n of 1 or more are needed");
    }
    bind(buffer, at, (int) length);
    count = ((int) length - HEADER) / ENTRY;
    int announced = buffer.getInt(at + COUNT);
    if (announced != count) {
      throw new MalformedMessageException(
          "BLOCK_STATUS_EXT chunk: count: "
              + Integer.toUnsignedString(announced)
              + ", but the payload of "
              + length
              + " bytes has "
              + count);
    }
    return this;
  }

  /**
   * Which meta context the extents belong to.
   *
   * @return the id from the handshake
   */
  public int contextId() {
    return buffer.getInt(at + CONTEXT_ID);
  }

  /**
   * How many extents there are.
   *
   * @return the number, 1 or more
   */
  public int count() {
    return count;
  }

  /**
   * The length of an extent.
   *
   * @param index which, from 0
   * @return the length in bytes, unsigned
   */
  public long length(int index) {
    return buffer.getLong(at + ENTRY_LENGTH + ENTRY * Objects.checkIndex(index, count));
  }

  /**
   * The flags of an extent; what they mean is the meta context's matter.
   *
   * @param index which, from 0
   * @return the flags, 64 bits
   */
  public long flags(int index) {
    return buffer.getLong(at + ENTRY_FLAGS + ENTRY * Objects.checkIndex(index, count));
  }

  /**
   * The length of a payload.
   *
   * @param count the number of extents
   * @return the length in bytes
   */
  public static int size(int count) {
    return Math.addExact(HEADER, Math.multiplyExact(ENTRY, count));
  }

  /**
   * Writes what precedes the extents.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte of the payload
   * @param contextId the meta context
   * @param count the number of extents
   */
  public static void putHeader(ByteBuffer buffer, int at, int contextId, int count) {
    check(buffer, at, HEADER);
    buffer.putInt(at + CONTEXT_ID, contextId).putInt(at + COUNT, count);
  }

  /**
   * Writes one extent.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte of the payload
   * @param index which extent, from 0
   * @param length its length in bytes, unsigned
   * @param flags its flags, 64 bits
   */
  public static void putEntry(ByteBuffer buffer, int at, int index, long length, long flags) {
    check(buffer, at, size(index + 1));
    buffer.putLong(at + ENTRY_LENGTH + ENTRY * index, length);
    buffer.putLong(at + ENTRY_FLAGS + ENTRY * index, flags);
  }
}
