package io.nbd4j.server.conn;

import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.ReplyFlags;
import io.nbd4j.wire.transfer.CompactRequest;
import io.nbd4j.wire.transfer.ErrorChunk;
import io.nbd4j.wire.transfer.ExtendedChunk;
import io.nbd4j.wire.transfer.ExtendedRequest;
import io.nbd4j.wire.transfer.SimpleReply;
import io.nbd4j.wire.transfer.StructuredChunk;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * How requests and replies look; the handshake decides. Replies are put at the position of a
 * buffer.
 */
enum ReplyStyle {
  /** Compact requests, simple replies. */
  SIMPLE,

  /** Compact requests; every reply is made of structured chunks. */
  STRUCTURED,

  /** Extended requests and chunks. */
  EXTENDED;

  /** The longest text of an error, in bytes. */
  private static final int MOST_TEXT = 384;

  /** The room that any reply without data fits in, in bytes. */
  static final int SMALL_REPLY = ExtendedChunk.SIZE + ErrorChunk.MIN + MOST_TEXT;

  int requestSize() {
    return this == EXTENDED ? ExtendedRequest.SIZE : CompactRequest.SIZE;
  }

  int chunkHeader() {
    return this == EXTENDED ? ExtendedChunk.SIZE : StructuredChunk.SIZE;
  }

  /** Puts the reply of a command that succeeds and has nothing to tell. */
  void putSuccess(ByteBuffer out, Request request) {
    if (this == SIMPLE) {
      putSimple(out, request, 0);
    } else {
      putChunk(out, request, ReplyFlags.DONE, ChunkTypes.NONE, 0);
    }
  }

  /** Puts the reply of a command that failed. */
  void putError(ByteBuffer out, Request request, int error, String message) {
    if (this == SIMPLE) {
      putSimple(out, request, error);
    } else {
      ByteBuffer payload = ErrorChunk.encode(error, sendable(message));
      putChunk(out, request, ReplyFlags.DONE, ChunkTypes.ERROR, payload.remaining());
      out.put(payload);
    }
  }

  /** A text of a backend may be anything; what goes out is short, without NUL, and Unicode. */
  private static String sendable(String message) {
    String start = message.substring(0, Math.min(message.length(), MOST_TEXT / 3));
    byte[] bytes = start.replace('\0', ' ').getBytes(StandardCharsets.UTF_8);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Puts the header of a simple reply. */
  void putSimple(ByteBuffer out, Request request, int error) {
    new SimpleReply().wrap(out, out.position()).set(error, request.cookie());
    out.position(out.position() + SimpleReply.SIZE);
  }

  /** Puts the header of a chunk, whose payload is to follow. */
  void putChunk(ByteBuffer out, Request request, int flags, int type, long payload) {
    int at = out.position();
    if (this == EXTENDED) {
      new ExtendedChunk()
          .wrap(out, at)
          .set(flags, type, request.cookie(), request.offset(), payload);
    } else {
      new StructuredChunk().wrap(out, at).set(flags, type, request.cookie(), payload);
    }
    out.position(at + chunkHeader());
  }
}
