package io.nbd4j.wire.transfer;

import io.nbd4j.wire.Magic;
import io.nbd4j.wire.ReplyFlags;
import java.nio.ByteBuffer;

/**
 * The header of a chunk of a reply with extended headers.
 *
 * <pre>
 *   +-------+-------+-------+----------------+----------------+----------------+--------
 *   | magic | flags | type  | cookie         | offset         | length         | payload
 *   +-------+-------+-------+----------------+----------------+----------------+--------
 *   0       4       6       8                16               24               32
 * </pre>
 *
 * <p>The instance is reused: {@link #wrap} moves it. It is for one thread at a time. The buffer
 * must be big-endian.
 */
public final class ExtendedChunk extends View {
  /** The length of the header, in bytes. */
  public static final int SIZE = 32;

  private static final int MAGIC = 0;
  private static final int FLAGS = 4;
  private static final int TYPE = 6;
  private static final int COOKIE = 8;
  private static final int OFFSET = 16;
  private static final int LENGTH = 24;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public ExtendedChunk() {}

  /**
   * Moves to a place in a buffer, which is not read yet.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte
   * @return this
   * @throws IndexOutOfBoundsException if the header does not end within the buffer's limit
   */
  public ExtendedChunk wrap(ByteBuffer buffer, int at) {
    bind(buffer, at, SIZE);
    return this;
  }

  /**
   * The magic number, which tells what the bytes are.
   *
   * @return {@link Magic#EXTENDED_REPLY} in a valid message
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
   * Where the range of the request begins.
   *
   * @return the offset of the request in bytes, unsigned
   */
  public long offset() {
    return buffer.getLong(at + OFFSET);
  }

  /**
   * How long the payload is.
   *
   * @return the length in bytes, unsigned 64 bits
   */
  public long length() {
    return buffer.getLong(at + LENGTH);
  }

  /**
   * Writes the whole header, the magic number included.
   *
   * @param flags the bits of {@link ReplyFlags}, unsigned 16 bits; the low 16 bits count
   * @param type one of {@link io.nbd4j.wire.ChunkTypes}, or another unsigned 16-bit number; the low
   *     16 bits count
   * @param cookie the cookie of the request
   * @param offset the offset of the request in bytes, unsigned
   * @param length the length in bytes, unsigned 64 bits
   * @return this
   */
  public ExtendedChunk set(int flags, int type, long cookie, long offset, long length) {
    buffer.putInt(at + MAGIC, Magic.EXTENDED_REPLY);
    buffer.putShort(at + FLAGS, (short) flags);
    buffer.putShort(at + TYPE, (short) type);
    buffer.putLong(at + COOKIE, cookie);
    buffer.putLong(at + OFFSET, offset);
    buffer.putLong(at + LENGTH, length);
    return this;
  }
}
