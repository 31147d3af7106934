package io.nbd4j.wire.transfer;

import io.nbd4j.wire.Magic;
import java.nio.ByteBuffer;

/**
 * The header of a simple reply.
 *
 * <pre>
 *   +-------+-------+----------------+---------------------------------
 *   | magic | error | cookie         | READ without error: data
 *   +-------+-------+----------------+---------------------------------
 *   0       4       8                16
 * </pre>
 *
 * <p>The instance is reused: {@link #wrap} moves it. It is for one thread at a time. The buffer
 * must be big-endian.
 */
public final class SimpleReply extends View {
  /** The length of the header, in bytes. */
  public static final int SIZE = 16;

  private static final int MAGIC = 0;
  private static final int ERROR = 4;
  private static final int COOKIE = 8;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public SimpleReply() {}

  /**
   * Moves to a place in a buffer, which is not read yet.
   *
   * @param buffer a big-endian buffer
   * @param at the absolute index of the first byte
   * @return this
   * @throws IndexOutOfBoundsException if the header does not end within the buffer's limit
   */
  public SimpleReply wrap(ByteBuffer buffer, int at) {
    bind(buffer, at, SIZE);
    return this;
  }

  /**
   * The magic number, which tells what the bytes are.
   *
   * @return {@link Magic#SIMPLE_REPLY} in a valid message
   */
  public int magic() {
    return buffer.getInt(at + MAGIC);
  }

  /**
   * The result.
   *
   * @return 0, or one of {@link io.nbd4j.wire.WireErrors}, or another number
   */
  public int error() {
    return buffer.getInt(at + ERROR);
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
   * Writes the whole header, the magic number included.
   *
   * @param error 0, or one of {@link io.nbd4j.wire.WireErrors}, or another number
   * @param cookie the cookie of the request
   * @return this
   */
  public SimpleReply set(int error, long cookie) {
    buffer.putInt(at + MAGIC, Magic.SIMPLE_REPLY);
    buffer.putInt(at + ERROR, error);
    buffer.putLong(at + COOKIE, cookie);
    return this;
  }
}
