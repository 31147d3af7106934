package io.nbd4j.wire.transfer;

import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.WireText;
import java.nio.ByteBuffer;

/**
 * The payload of an ERROR or ERROR_OFFSET chunk, or of an unknown chunk type with bit 15, which
 * begins alike.
 *
 * <pre>
 *   +-------+--------+------------+----------------------+
 *   | error | length | message    | ERROR_OFFSET: offset |
 *   +-------+--------+------------+----------------------+
 *   0       4        6            6 + length             14 + length
 * </pre>
 *
 * <p>The message has to fit into the payload and need not fill it: what follows is ignored. The
 * instance is reused: {@link #wrap} moves it. It is for one thread at a time. The buffer must be
 * big-endian.
 */
public final class ErrorChunk extends View {
  /** The length of the shortest payload, in bytes. */
  public static final int MIN = 6;

  /** The length of the shortest payload of ERROR_OFFSET, in bytes. */
  public static final int MIN_WITH_OFFSET = 14;

  private static final int ERROR = 0;
  private static final int MESSAGE_LENGTH = 4;
  private static final int MESSAGE = 6;

  private boolean hasOffset;

  /** Creates a view of nothing; wrap a buffer before anything else. */
  public ErrorChunk() {}

  /**
   * Moves to the payload of an error chunk without an offset.
   *
   * @param buffer a big-endian buffer with the payload
   * @param at the absolute index of the first byte
   * @param length the length of the payload in bytes, unsigned
   * @return this
   * @throws MalformedMessageException if the length does not hold the fields and the message
   * @throws IndexOutOfBoundsException if the payload does not end within the buffer's limit
   */
  public ErrorChunk wrap(ByteBuffer buffer, int at, long length) throws MalformedMessageException {
    return wrap(buffer, at, length, ChunkTypes.ERROR);
  }

  /**
   * Moves to the payload of an error chunk.
   *
   * @param buffer a big-endian buffer with the payload
   * @param at the absolute index of the first byte
   * @param length the length of the payload in bytes, unsigned
   * @param type the type of the chunk; {@link ChunkTypes#ERROR_OFFSET} has an offset, no other has
   * @return this
   * @throws MalformedMessageException if the length does not hold the fields and the message
   * @throws IndexOutOfBoundsException if the payload does not end within the buffer's limit
   */
  public ErrorChunk wrap(ByteBuffer buffer, int at, long length, int type)
      throws MalformedMessageException {
    boolean offset = type == ChunkTypes.ERROR_OFFSET;
    int fixed = offset ? MIN_WITH_OFFSET : MIN;
    if (Long.compareUnsigned(length, fixed) < 0) {
      throw badLength(ChunkTypes.name(type) + " chunk", length, fixed + " or more are needed");
    }
    bind(buffer, at, length > Integer.MAX_VALUE || length < 0 ? Integer.MAX_VALUE : (int) length);
    hasOffset = offset;
    if (messageLength() > length - fixed) {
      throw new MalformedMessageException(
          ChunkTypes.name(type)
              + " chunk: message length: "
              + messageLength()
              + " bytes, but the payload has only "
              + (length - fixed)
              + " for it");
    }
    return this;
  }

  /**
   * Why the request failed.
   *
   * @return one of {@link io.nbd4j.wire.WireErrors}, or another number; 0 breaks the protocol,
   *     which is not checked here
   */
  public int error() {
    return buffer.getInt(at + ERROR);
  }

  /**
   * The server's text for people, even if it is longer than a string may be. Allocates; bytes that
   * are not UTF-8 become the text {@code \xNN}.
   *
   * @return the text, "" if there is none
   */
  public String message() {
    return WireText.decode(buffer, at + MESSAGE, messageLength());
  }

  /**
   * Whether the chunk tells where the error is.
   *
   * @return whether it is an ERROR_OFFSET chunk
   */
  public boolean hasOffset() {
    return hasOffset;
  }

  /**
   * Where the error is. It may lie outside the request, and has to be ignored then.
   *
   * @return the absolute offset in the export in bytes, unsigned
   * @throws IllegalStateException if there is no offset
   */
  public long offset() {
    if (!hasOffset) {
      throw new IllegalStateException("the chunk has no offset");
    }
    return buffer.getLong(at + MESSAGE + messageLength());
  }

  /**
   * Encodes the payload of an ERROR chunk.
   *
   * @param error one of {@link io.nbd4j.wire.WireErrors}, not 0
   * @param message a text for people, "" for none
   * @return a new buffer, ready to be written
   * @throws IllegalArgumentException if the message is too long, has a NUL or is not Unicode text
   */
  public static ByteBuffer encode(int error, String message) {
    return start(error, message, 0).flip();
  }

  /**
   * Encodes the payload of an ERROR_OFFSET chunk.
   *
   * @param error one of {@link io.nbd4j.wire.WireErrors}, not 0
   * @param message a text for people, "" for none
   * @param offset the absolute offset in the export in bytes, unsigned
   * @return a new buffer, ready to be written
   * @throws IllegalArgumentException if the message is too long, has a NUL or is not Unicode text
   */
  public static ByteBuffer encode(int error, String message, long offset) {
    return start(error, message, Long.BYTES).putLong(offset).flip();
  }

  private static ByteBuffer start(int error, String message, int more) {
    byte[] text = WireText.encode(message, "error message");
    return ByteBuffer.allocate(MESSAGE + text.length + more)
        .putInt(error)
        .putShort((short) text.length)
        .put(text);
  }

  private int messageLength() {
    return Short.toUnsignedInt(buffer.getShort(at + MESSAGE_LENGTH));
  }
}
