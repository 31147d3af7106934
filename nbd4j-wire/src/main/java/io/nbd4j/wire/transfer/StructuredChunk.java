package io.nbd4j.wire.transfer;

import io.nbd4j.wire.Magic;
import io.nbd4j.wire.ReplyFlags;
import java.nio.ByteBuffer;

/**
 * The header of a chunk of a structured reply.
 *
 * <pre>
 *   +-------+-------+-------+----------------+--------+--------
 *   | magic | flags | type  | cookie         | length | payload
 *   +-------+-------+-------+----------------+--------+--------
 *   0       4       6       8                16       20
 * </pre>
 *
 * <p>The instance is reused: {@link #wrap} moves it. It is for one thread at a time. The buffer
 * must be big-endian.
 */
public final class StructuredChunk extends View {
  /** The length of the header, in bytes. */
  public static final int SIZE = 20;

  private static final int MAGIC = 0;
  private static final int FLAGS = 4;
  private static final int TYPE = 6;
  private static final int COOKIE = 8;
  private static final int LENGTH = 16;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public StructuredChunk() {}

  /**
   * Moves to a place in a buffer, which is not read yet.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte
   * @return this
   * @throws IndexOutOfBoundsException if the header does not end within the buffer's limit
   */
  public StructuredChunk wrap(ByteBuffer buffer, int at) {
    bind(buffer, at, SIZE);
    return this;
  }

  /**
   * The magic number, which tells what the bytes are.
   *
   * @return {@link Magic#STRUCTURED_REPLY} in a valid message
   */
  public int magic() {
    return buffer.getInt(at + MAGIC);
  }

  /**
   * The reply flags.
   *
   * @return the bits of {@link ReplyFlags}, unsigned 16 bits
   */
  public int flags() {
    return Short.toUnsignedInt(buffer.getShort(at + FLAGS));
  }

  /**
   * Whether this is the last chunk of the reply.
   *
   * @return whether {@link ReplyFlags#DONE} is set
   */
  public boolean done() {
    return (flags() & ReplyFlags.DONE) != 0;
  }

  /**
   * What the payload is.
   *
   * @return one of {@link io.nbd4j.wire.ChunkTypes}, or another unsigned 16-bit number
   */
  public int type() {
    return Short.toUnsignedInt(buffer.getShort(at + TYPE));
  }

  /**
   * Which request this answers.
   *
   * @return the cookie of the request
   */
  public long cookie() {
    return buffer.getLong(at + COOKIE);
  }

  /**
   * How long the payload is.
   *
   * @return the length in bytes, unsigned 32 bits
   */
  public long length() {
    return Integer.toUnsignedLong(buffer.getInt(at + LENGTH));
  }

  /**
   * Writes the whole header, the magic number included.
   *
   * @param flags the bits of {@link ReplyFlags}, unsigned 16 bits; the low 16 bits count
   * @param type one of {@link io.nbd4j.wire.ChunkTypes}, or another unsigned 16-bit number; the low
   *     16 bits count
   * @param cookie the cookie of the request
   * @param length the length in bytes, unsigned 32 bits
   * @return this
   * @throws IllegalArgumentException if the length is not an unsigned 32-bit number
   */
  public StructuredChunk set(int flags, int type, long cookie, long length) {
    int length32 = u32(length, "length");
    buffer.putInt(at + MAGIC, Magic.STRUCTURED_REPLY);
    buffer.putShort(at + FLAGS, (short) flags);
    buffer.putShort(at + TYPE, (short) type);
    buffer.putLong(at + COOKIE, cookie);
    buffer.putInt(at + LENGTH, length32);
    return this;
  }
}
