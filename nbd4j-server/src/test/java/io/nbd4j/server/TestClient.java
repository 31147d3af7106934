package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.HandshakeFlags;
import io.nbd4j.wire.InfoTypes;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.option.InfoItem;
import io.nbd4j.wire.option.OptionCodec;
import io.nbd4j.wire.option.OptionReply;
import io.nbd4j.wire.option.OptionRequest;
import io.nbd4j.wire.transfer.BlockStatus;
import io.nbd4j.wire.transfer.BlockStatusExt;
import io.nbd4j.wire.transfer.CompactRequest;
import io.nbd4j.wire.transfer.DataChunk;
import io.nbd4j.wire.transfer.ErrorChunk;
import io.nbd4j.wire.transfer.ExtendedChunk;
import io.nbd4j.wire.transfer.ExtendedRequest;
import io.nbd4j.wire.transfer.HoleChunk;
import io.nbd4j.wire.transfer.SimpleReply;
import io.nbd4j.wire.transfer.StructuredChunk;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** A blocking client without any cleverness, which checks every reply that it reads. */
final class TestClient implements AutoCloseable {
  /** Stands for the offset of a read that one data chunk answers, wherever it was. */
  static final long ANY_OFFSET = Long.MAX_VALUE;

  private static final long NO_DATA = Long.MIN_VALUE;

  private final SocketChannel channel;
  private Style style = Style.SIMPLE;
  private long lastCookie = 0x1122334455667700L;
  private long size;
  private int transmissionFlags;

  /** How replies look. */
  enum Style {
    SIMPLE,
    STRUCTURED,
    EXTENDED
  }

  /** An extent as it came. */
  record Extent(long length, long flags) {}

  /** All of the reply to one request. */
  static final class Answer {
    final long cookie;
    int error;
    String message = "";
    final List<Integer> chunkTypes = new ArrayList<>();
    final List<Integer> contextIds = new ArrayList<>();
    final List<Extent> extents = new ArrayList<>();

    /** What a read brought; holes are zeroes. */
    byte[] data = {};

    int covered;

    Answer(long cookie) {
      this.cookie = cookie;
    }
  }

  TestClient(SocketAddress address) throws IOException {
    this(SocketChannel.open(address));
  }

  TestClient(SocketChannel channel) {
    this.channel = channel;
  }

  /** A client that has chosen an export. */
  static TestClient on(NbdServer server, String export, Style style) throws IOException {
    TestClient client = new TestClient(server.addresses().getFirst());
    client.greet();
    client.negotiate(style);
    client.go(export);
    return client;
  }

  SocketChannel channel() {
    return channel;
  }

  long size() {
    return size;
  }

  int transmissionFlags() {
    return transmissionFlags;
  }

  void greet() throws IOException {
    greet(HandshakeFlags.FIXED_NEWSTYLE | HandshakeFlags.NO_ZEROES);
  }

  void greet(int clientFlags) throws IOException {
    ByteBuffer greeting = receive(18);
    assertEquals(Magic.INIT, greeting.getLong());
    assertEquals(Magic.IHAVEOPT, greeting.getLong());
    assertEquals(HandshakeFlags.FIXED_NEWSTYLE | HandshakeFlags.NO_ZEROES, greeting.getShort());
    send(ByteBuffer.allocate(4).putInt(clientFlags).flip());
  }

  void negotiate(Style wanted) throws IOException {
    if (wanted == Style.STRUCTURED) {
      acknowledged(new OptionRequest.StructuredReply());
    } else if (wanted == Style.EXTENDED) {
      acknowledged(new OptionRequest.ExtendedHeaders());
    }
    style = wanted;
  }

  /** Sends an option and returns its replies without the last, which has to be ACK. */
  List<OptionReply> acknowledged(OptionRequest request) throws IOException {
    List<OptionReply> replies = option(request);
    assertInstanceOf(OptionReply.Ack.class, replies.removeLast());
    return replies;
  }

  /** Sends an option that has to fail, and returns the type of the error. */
  int refused(OptionRequest request) throws IOException {
    return assertInstanceOf(OptionReply.Error.class, option(request).getLast()).type();
  }

  /** Sends an option and returns its replies. */
  List<OptionReply> option(OptionRequest request) throws IOException {
    send(OptionCodec.encode(request));
    return optionReplies(request.code());
  }

  List<OptionReply> optionReplies(int option) throws IOException {
    List<OptionReply> replies = new ArrayList<>();
    while (true) {
      OptionCodec.ReplyHeader header =
          OptionCodec.decodeReplyHeader(receive(OptionCodec.REPLY_HEADER));
      assertEquals(option, header.option());
      replies.add(OptionCodec.decodeReply(header.type(), receive((int) header.length())));
      if (header.type() == OptionReplies.ACK || OptionReplies.isError(header.type())) {
        return replies;
      }
    }
  }

  InfoItem.Export go(String name) throws IOException {
    for (OptionReply reply :
        acknowledged(new OptionRequest.Go(name, List.of(InfoTypes.BLOCK_SIZE)))) {
      if (reply instanceof OptionReply.Info(InfoItem.Export export)) {
        size = export.size();
        transmissionFlags = export.transmissionFlags();
        return export;
      }
    }
    throw new AssertionError("no EXPORT info");
  }

  /** Selects base:allocation, which has to be there. */
  int selectAllocation(String export) throws IOException {
    List<OptionReply> replies =
        acknowledged(new OptionRequest.SetMetaContext(export, List.of("base:allocation")));
    assertEquals(1, replies.size());
    return assertInstanceOf(OptionReply.MetaContext.class, replies.getFirst()).id();
  }

  byte[] read(long offset, int length) throws IOException {
    Answer answer = call(Commands.READ, 0, offset, length);
    assertEquals(0, answer.error, answer.message);
    return answer.data;
  }

  /** Writes, and returns the error. */
  int write(long offset, byte[] data) throws IOException {
    int flags = style == Style.EXTENDED ? CommandFlags.PAYLOAD_LEN : 0;
    return call(Commands.WRITE, flags, offset, data.length, data).error;
  }

  Answer call(int type, int flags, long offset, long length, byte[]... payload) throws IOException {
    long cookie = request(type, flags, offset, length, payload);
    Answer answer = answer(type == Commands.READ ? offset : NO_DATA, (int) length);
    assertEquals(cookie, answer.cookie);
    return answer;
  }

  /** Sends a request without waiting for its reply, and returns its cookie. */
  long request(int type, int flags, long offset, long length, byte[]... payload)
      throws IOException {
    send(encoded(type, flags, offset, length, payload));
    return lastCookie;
  }

  ByteBuffer encoded(int type, int flags, long offset, long length, byte[]... payload) {
    lastCookie++;
    int data = payload.length == 0 ? 0 : payload[0].length;
    boolean extended = style == Style.EXTENDED;
    int header = extended ? ExtendedRequest.SIZE : CompactRequest.SIZE;
    ByteBuffer request = ByteBuffer.allocate(header + data);
    if (extended) {
      new ExtendedRequest().wrap(request, 0).set(flags, type, lastCookie, offset, length);
    } else {
      new CompactRequest().wrap(request, 0).set(flags, type, lastCookie, offset, length);
    }
    if (data > 0) {
      request.put(header, payload[0]);
    }
    return request;
  }

  /** Reads a reply without data. */
  Answer answer() throws IOException {
    return answer(NO_DATA, 0);
  }

  /**
   * Reads the reply to the only request that is open; of a read, offset and length tell what to
   * expect.
   */
  Answer answer(long readOffset, int readLength) throws IOException {
    return style == Style.SIMPLE ? simple(readOffset, readLength) : chunks(readOffset, readLength);
  }

  private Answer simple(long readOffset, int readLength) throws IOException {
    SimpleReply reply = new SimpleReply().wrap(receive(SimpleReply.SIZE), 0);
    assertEquals(Magic.SIMPLE_REPLY, reply.magic());
    Answer answer = new Answer(reply.cookie());
    answer.error = reply.error();
    if (readOffset != NO_DATA && reply.error() == 0) {
      answer.data = receive(readLength).array();
    }
    return answer;
  }

  private Answer chunks(long readOffset, int readLength) throws IOException {
    Answer answer = null;
    boolean done = false;
    while (!done) {
      int type;
      long cookie;
      long length;
      if (style == Style.EXTENDED) {
        ExtendedChunk chunk = new ExtendedChunk().wrap(receive(ExtendedChunk.SIZE), 0);
        assertEquals(Magic.EXTENDED_REPLY, chunk.magic());
        type = chunk.type();
        cookie = chunk.cookie();
        length = chunk.length();
        done = chunk.done();
      } else {
        StructuredChunk chunk = new StructuredChunk().wrap(receive(StructuredChunk.SIZE), 0);
        assertEquals(Magic.STRUCTURED_REPLY, chunk.magic());
        type = chunk.type();
        cookie = chunk.cookie();
        length = chunk.length();
        done = chunk.done();
      }
      if (answer == null) {
        answer = new Answer(cookie);
        answer.data = new byte[readOffset != NO_DATA ? readLength : 0];
      }
      assertEquals(answer.cookie, cookie);
      answer.chunkTypes.add(type);
      payload(answer, type, receive((int) length), readOffset);
    }
    if (readOffset != NO_DATA && answer.error == 0) {
      assertEquals(readLength, answer.covered, "bytes covered by data and holes");
    }
    return answer;
  }

  private void payload(Answer answer, int type, ByteBuffer payload, long readOffset)
      throws IOException {
    int length = payload.remaining();
    switch (type) {
      case ChunkTypes.NONE -> assertEquals(0, length);
      case ChunkTypes.OFFSET_DATA -> {
        DataChunk chunk = new DataChunk().wrap(payload, 0, length);
        int at = readOffset == ANY_OFFSET ? 0 : (int) (chunk.offset() - readOffset);
        payload.get(DataChunk.PREFIX, answer.data, at, (int) chunk.dataLength());
        answer.covered += (int) chunk.dataLength();
      }
      case ChunkTypes.OFFSET_HOLE -> {
        HoleChunk chunk = new HoleChunk().wrap(payload, 0, length);
        assertTrue(chunk.offset() >= readOffset);
        answer.covered += (int) chunk.length();
      }
      case ChunkTypes.BLOCK_STATUS -> {
        assertEquals(Style.STRUCTURED, style);
        BlockStatus chunk = new BlockStatus().wrap(payload, 0, length);
        answer.contextIds.add(chunk.contextId());
        for (int i = 0; i < chunk.count(); i++) {
          answer.extents.add(new Extent(chunk.length(i), chunk.flags(i)));
        }
      }
      case ChunkTypes.BLOCK_STATUS_EXT -> {
        assertEquals(Style.EXTENDED, style);
        BlockStatusExt chunk = new BlockStatusExt().wrap(payload, 0, length);
        answer.contextIds.add(chunk.contextId());
        for (int i = 0; i < chunk.count(); i++) {
          answer.extents.add(new Extent(chunk.length(i), chunk.flags(i)));
        }
      }
      default -> {
        assertTrue(ChunkTypes.isError(type), () -> "chunk type " + type);
        ErrorChunk chunk = new ErrorChunk().wrap(payload, 0, length, type);
        answer.error = chunk.error();
        answer.message = chunk.message();
      }
    }
  }

  void send(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  ByteBuffer receive(int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException("the server closed after " + bytes.position() + " of " + count);
      }
    }
    return bytes.flip();
  }

  /** Waits for the server to close, and fails if it sends anything before. */
  void assertClosed() throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    int got;
    try {
      got = channel.read(one);
    } catch (IOException e) {
      // A reset: the server closed with bytes of ours unread.
      got = -1;
    }
    assertFalse(got > 0, "the server sent something");
    assertEquals(-1, got);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
