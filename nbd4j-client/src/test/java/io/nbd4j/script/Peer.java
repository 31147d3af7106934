package io.nbd4j.script;

import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Objects;

/** The server's end of a connection, in the hands of a test. */
public final class Peer implements AutoCloseable {

  /** An option as it came. */
  public record Option(int number, Bytes data) {}

  /** A request as it came, with its payload. */
  public record Request(
      int flags, int type, long cookie, long offset, long length, Bytes payload) {}

  private final SocketChannel channel;
  private boolean structured;
  private boolean extended;

  Peer(SocketChannel channel) {
    this.channel = channel;
  }

  // Bytes.

  public void send(Bytes... messages) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(Bytes.all(messages).toArray());
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  public ByteBuffer receive(int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException("the client ended the stream");
      }
    }
    return buffer.flip();
  }

  private Bytes receiveBytes(long count) throws IOException {
    return new Bytes().put(receive(Math.toIntExact(count)).array());
  }

  /** Reads on until the client has ended the stream. */
  public void awaitEnd() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    while (channel.read(buffer.clear()) >= 0) {}
  }

  public void shutdownOutput() throws IOException {
    channel.shutdownOutput();
  }

  public SocketAddress localAddress() throws IOException {
    return channel.getLocalAddress();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  // The handshake.

  public Option readOption() throws IOException {
    ByteBuffer header = receive(16);
    assertEquals(0x49484156454f5054L, header.getLong(), "the magic of an option");
    return new Option(header.getInt(), receiveBytes(header.getInt()));
  }

  public Option expectOption(int number) throws IOException {
    Option option = readOption();
    assertEquals(number, option.number(), "the option");
    return option;
  }

  /** Sends the flags of a newstyle server and takes the client's. */
  public int begin() throws IOException {
    send(newstyle(3));
    return receive(4).getInt();
  }

  /** Negotiates until transmission begins, as the client wishes and the export allows. */
  public void greet(Export export) throws IOException {
    begin();
    negotiate(export);
  }

  /**
   * Answers options until transmission begins.
   *
   * @return false if the client ends the connection instead
   */
  public boolean negotiate(Export export) throws IOException {
    while (true) {
      Option option = readOption();
      switch (option.number()) {
        case EXTENDED_HEADERS -> {
          extended = export.extended;
          structured |= export.extended;
          feature(option.number(), export.extended);
        }
        case STRUCTURED_REPLY -> {
          structured = export.structured;
          feature(option.number(), export.structured);
        }
        case LIST_META_CONTEXT, SET_META_CONTEXT -> {
          int id = 1;
          for (String name : export.contexts) {
            send(metaContext(option.number(), id++, name));
          }
          send(ack(option.number()));
        }
        case GO, INFO -> {
          describe(option.number(), export);
          if (option.number() == GO) {
            return true;
          }
        }
        case ABORT -> {
          return false;
        }
        default -> send(refusal(option.number(), ERR_UNSUP, ""));
      }
    }
  }

  private void feature(int option, boolean agreed) throws IOException {
    send(agreed ? ack(option) : refusal(option, ERR_UNSUP, ""));
  }

  /** Agrees to GO or INFO. */
  public void describe(int option, Export export) throws IOException {
    Bytes answer = infoExport(option, export.size, export.flags);
    if (export.maximum != 0) {
      answer.put(infoBlockSize(option, export.minimum, export.preferred, export.maximum));
    }
    send(answer.put(ack(option)));
  }

  // Transmission.

  /** The next request, or null at the end of the stream. */
  public Request nextRequest() throws IOException {
    ByteBuffer header;
    try {
      header = receive(extended ? 32 : 28);
    } catch (IOException e) {
      return null;
    }
    assertEquals(extended ? 0x21e41c71 : 0x25609513, header.getInt(), "the magic of a request");
    int flags = header.getShort();
    int type = header.getShort();
    long cookie = header.getLong();
    long offset = header.getLong();
    long length = extended ? header.getLong() : Integer.toUnsignedLong(header.getInt());
    boolean payload = type == WRITE || (flags & 0x20) != 0;
    return new Request(
        flags, type, cookie, offset, length, payload ? receiveBytes(length) : new Bytes());
  }

  public Request readRequest() throws IOException {
    return Objects.requireNonNull(nextRequest(), "the client ended the stream");
  }

  public Request expectRequest(int type) throws IOException {
    Request request = readRequest();
    assertEquals(type, request.type(), "the command");
    return request;
  }

  /** The last reply to a request, a good one; a read gets the disk's content. */
  public Bytes success(Request request) {
    boolean read = request.type() == READ;
    Bytes content =
        read
            ? new Bytes().put(Export.content(request.offset(), (int) request.length()))
            : new Bytes();
    if (!structured) {
      return simple(0, request.cookie()).put(content);
    }
    return read
        ? piece(request, DONE, CHUNK_DATA, new Bytes().u64(request.offset()).put(content))
        : piece(request, DONE, CHUNK_NONE, new Bytes());
  }

  /** A reply that says no. */
  public Bytes failure(Request request, int error, String text) {
    return structured
        ? piece(request, DONE, CHUNK_ERROR, error(error, text))
        : simple(error, request.cookie());
  }

  /** A structured or extended chunk. */
  public Bytes piece(Request request, int flags, int type, Bytes payload) {
    return extended
        ? extendedChunk(flags, type, request.cookie(), request.offset(), payload)
        : chunk(flags, type, request.cookie(), payload);
  }

  /** Answers every request with success until the client disconnects or ends the stream. */
  public void serve() throws IOException {
    for (Request request = nextRequest();
        request != null && request.type() != DISC;
        request = nextRequest()) {
      send(success(request));
    }
  }
}
