package io.nbd4j.wire.transfer;

import io.nbd4j.wire.MalformedMessageException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * The payload of an extended BLOCK_STATUS request that names the meta contexts it asks about.
 *
 * <pre>
 *   +------------------+-------+-------+--
 *   | effect length    | id 0  | id 1  | ...
 *   +------------------+-------+-------+--
 *   0                  8       12
 * </pre>
 *
 * <p>The instance is reused: {@link #wrap} moves it. It is for one thread at a time. The buffer
 * must be big-endian.
 */
public final class BlockStatusPayload extends View {
  /** The length of what precedes the ids, in bytes. */
  public static final int HEADER = 8;

  /** The length of one id, in bytes. */
  public static final int ENTRY = 4;

  private static final int EFFECT_LENGTH = 0;

  private int count;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public BlockStatusPayload() {}

  /**
   * Moves to a payload.
   *
   * @param buffer a big-endian buffer with the payload
   * @param at the absolute index of the first byte
   * @param length the length of the payload in bytes, unsigned
   * @return this
   * @throws MalformedMessageException if the length is not that of an effect length and whole ids
   * @throws IndexOutOfBoundsException if the payload does not end within the buffer's limit
   */
  public BlockStatusPayload wrap(ByteBuffer buffer, int at, long length)
      throws MalformedMessageException {
    if (length < HEADER || length > Integer.MAX_VALUE || (length - HEADER) % ENTRY != 0) {
      throw badLength("BLOCK_STATUS request payload", length, "8 + 4n are needed");
    }
    bind(buffer, at, (int) length);
    count = ((int) length - HEADER) / ENTRY;
    return this;
  }

  /**
   * How long the range is that the request asks about.
   *
   * @return the length in bytes, unsigned
   */
  public long effectLength() {
    return buffer.getLong(at + EFFECT_LENGTH);
  }

  /**
   * How many meta contexts the request asks about.
   *
   * @return the number, which may be 0
   */
  public int count() {
    return count;
  }

  /**
   * The id of a meta context.
   *
   * @param index which, from 0
   * @return the id from the handshake
   */
  public int id(int index) {
    return buffer.getInt(at + HEADER + ENTRY * Objects.checkIndex(index, count));
  }

  /**
   * The length of a payload.
   *
   * @param count the number of ids
   * @return the length in bytes
   */
  public static int size(int count) {
    return Math.addExact(HEADER, Math.multiplyExact(ENTRY, count));
  }

  /**
   * Writes what precedes the ids.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte of the payload
   * @param effectLength the length of the range in bytes, unsigned
   */
  public static void putHeader(ByteBuffer buffer, int at, long effectLength) {
    check(buffer, at, HEADER);
    buffer.putLong(at + EFFECT_LENGTH, effectLength);
  }

  /**
   * Writes one id.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte of the payload
   * @param index which, from 0
   * @param id the id of a meta context
   */
  public static void putId(ByteBuffer buffer, int at, int index, int id) {
    check(buffer, at, size(index + 1));
    buffer.putInt(at + HEADER + ENTRY * index, id);
  }
}
