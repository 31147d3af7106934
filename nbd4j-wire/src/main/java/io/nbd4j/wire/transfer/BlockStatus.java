package io.nbd4j.wire.transfer;

import io.nbd4j.wire.MalformedMessageException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * The payload of a BLOCK_STATUS chunk: extents with 32-bit lengths and flags, one after the other.
 *
 * <pre>
 *   +------------+----------+----------+----------+----------+--
 *   | context id | length 0 | flags 0  | length 1 | flags 1  | ...
 *   +------------+----------+----------+----------+----------+--
 *   0            4          8          12         16
 * </pre>
 *
 * <p>A length of 0 breaks the protocol, which is not checked here. The instance is reused: {@link
 * #wrap} moves it. It is for one thread at a time. The buffer must be big-endian.
 */
public final class BlockStatus extends View {
  /** The length of what precedes the extents, in bytes. */
  public static final int HEADER = 4;

  /** The length of one extent, in bytes. */
  public static final int ENTRY = 8;

  private static final int CONTEXT_ID = 0;
  private static final int ENTRY_LENGTH = HEADER;
  private static final int ENTRY_FLAGS = HEADER + 4;

  private int count;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public BlockStatus() {}

  /**
   * Moves to a payload.
   *
   * @param buffer a big-endian buffer with the payload
   * @param at the absolute index of the first byte
   * @param length the length of the payload in bytes, unsigned
   * @return this
   * @throws MalformedMessageException if the length is not that of one extent or more
   * @throws IndexOutOfBoundsException if the payload does not end within the buffer's limit
   */
  public BlockStatus wrap(ByteBuffer buffer, int at, long length) throws MalformedMessageException {
    if (length < HEADER + ENTRY || length > Integer.MAX_VALUE || (length - HEADER) % ENTRY != 0) {
      throw badLength("BLOCK_STATUS chunk", length, "4 + 8n with n of 1 or more are needed");
    }
    bind(buffer, at, (int) length);
    count = ((int) length - HEADER) / ENTRY;
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
   * @return the length in bytes, unsigned 32 bits
   */
  public long length(int index) {
    return Integer.toUnsignedLong(
        buffer.getInt(at + ENTRY_LENGTH + ENTRY * Objects.checkIndex(index, count)));
  }

  /**
   * The flags of an extent; what they mean is the meta context's matter.
   *
   * @param index which, from 0
   * @return the flags, unsigned 32 bits
   */
  public long flags(int index) {
    return Integer.toUnsignedLong(
        buffer.getInt(at + ENTRY_FLAGS + ENTRY * Objects.checkIndex(index, count)));
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
   */
  public static void putHeader(ByteBuffer buffer, int at, int contextId) {
    check(buffer, at, HEADER);
    buffer.putInt(at + CONTEXT_ID, contextId);
  }

  /**
   * Writes one extent.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte of the payload
   * @param index which extent, from 0
   * @param length its length in bytes, unsigned 32 bits
   * @param flags its flags, unsigned 32 bits
   * @throws IllegalArgumentException if a number is not an unsigned 32-bit number
   */
  public static void putEntry(ByteBuffer buffer, int at, int index, long length, long flags) {
    check(buffer, at, size(index + 1));
    int length32 = u32(length, "extent length");
    int flags32 = u32(flags, "extent flags");
    buffer.putInt(at + ENTRY_LENGTH + ENTRY * index, length32);
    buffer.putInt(at + ENTRY_FLAGS + ENTRY * index, flags32);
  }
}
