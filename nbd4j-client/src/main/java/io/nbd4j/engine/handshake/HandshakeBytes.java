package io.nbd4j.engine.handshake;

import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Statistics;
import io.nbd4j.model.Errno;
import io.nbd4j.net.Transport;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.Options;
import io.nbd4j.wire.option.OptionCodec;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The bytes of the handshake message at hand: so many to come, or these to go. */
final class HandshakeBytes {

  private static final int SMALL = 512;

  /** A reply longer than this ends the connection. */
  private static final long ABSURD_REPLY = 64L << 20;

  private final Statistics statistics;
  private final ByteBuffer[] sending = new ByteBuffer[1];
  private ByteBuffer in = ByteBuffer.allocate(SMALL);
  private ByteBuffer out = ByteBuffer.allocate(0);
  private long skip;

  HandshakeBytes(Statistics statistics) {
    this.statistics = statistics;
  }

  /** Begins a message of so many bytes from the server. */
  void expect(int size) {
    if (in.capacity() < size) {
      in = ByteBuffer.allocate(size);
    }
    in.clear().limit(size);
  }

  /** Begins to throw away so many bytes from the server. */
  void skip(long size) {
    skip = size;
  }

  /** Begins a message to the server. */
  void send(ByteBuffer message) {
    out = message;
  }

  /** The message from the server, once it is there. */
  ByteBuffer in() {
    return in;
  }

  /** Whether all that was expected is there. */
  boolean filled(Transport transport) throws IOException, Failure {
    while (in.hasRemaining()) {
      if (read(transport) == 0) {
        return false;
      }
    }
    in.flip();
    return true;
  }

  /** Whether all that was to be thrown away has come. */
  boolean skipped(Transport transport) throws IOException, Failure {
    while (skip > 0) {
      in.clear().limit((int) Math.min(skip, in.capacity()));
      int count = read(transport);
      if (count == 0) {
        return false;
      }
      skip -= count;
    }
    return true;
  }

  private int read(Transport transport) throws IOException, Failure {
    int count = transport.read(in);
    if (count == Transport.END) {
      throw Failure.protocol(Errno.NONE, "recv: server disconnected unexpectedly");
    }
    statistics.received(count);
    return count;
  }

  /** Whether all that was to be sent is gone. */
  boolean drained(Transport transport) throws IOException {
    while (out.hasRemaining()) {
      sending[0] = out;
      long count = transport.write(sending, 0, 1);
      if (count == 0) {
        return false;
      }
      statistics.sent(count);
    }
    return true;
  }

  /** The header of a reply to the option that was asked. */
  OptionCodec.ReplyHeader replyHeader(int asked) throws Failure {
    OptionCodec.ReplyHeader header;
    try {
      header = OptionCodec.decodeReplyHeader(in);
    } catch (MalformedMessageException e) {
      throw Failure.protocol(Errno.EPROTO, "handshake: invalid option reply: " + e.getMessage());
    }
    if (header.option() != asked) {
      throw Failure.protocol(
          Errno.EPROTO,
          "handshake: option reply echoes option "
              + Options.name(header.option())
              + " where "
              + Options.name(asked)
              + " was sent");
    }
    if (header.length() > ABSURD_REPLY) {
      throw Failure.protocol(
          Errno.EPROTO, "handshake: option reply of " + header.length() + " bytes is too large");
    }
    return header;
  }
}
