package io.nbd4j.server.conn;

import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.transfer.CompactRequest;
import io.nbd4j.wire.transfer.ExtendedRequest;
import java.nio.ByteBuffer;

/** A request as it came: offset and length are unsigned, and nothing is checked but the magic. */
record Request(int flags, int type, long cookie, long offset, long length) {
  /** Takes a compact request from a buffer that has all of its bytes. */
  static Request compact(ByteBuffer in, CompactRequest view) throws ProtocolViolationException {
    view.wrap(in, in.position());
    checkMagic(view.magic(), Magic.REQUEST);
    in.position(in.position() + CompactRequest.SIZE);
    return new Request(view.flags(), view.type(), view.cookie(), view.offset(), view.length());
  }

  /** Takes an extended request from a buffer that has all of its bytes. */
  static Request extended(ByteBuffer in, ExtendedRequest view) throws ProtocolViolationException {
    view.wrap(in, in.position());
    checkMagic(view.magic(), Magic.EXTENDED_REQUEST);
    in.position(in.position() + ExtendedRequest.SIZE);
    return new Request(view.flags(), view.type(), view.cookie(), view.offset(), view.length());
  }

  private static void checkMagic(int magic, int expected) throws ProtocolViolationException {
    if (magic != expected) {
      throw new ProtocolViolationException(
          "request magic 0x" + Integer.toHexString(magic) + ", expected " + Magic.name(expected));
    }
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** How many bytes follow the header, unsigned. */
  long payload(ReplyStyle style) {
    boolean follows =
        style == ReplyStyle.EXTENDED ? has(CommandFlags.PAYLOAD_LEN) : type == Commands.WRITE;
    return follows ? length : 0;
  }

  Request withLength(long effectLength) {
    return new Request(flags, type, cookie, offset, effectLength);
  }
}
