package io.nbd4j.wire.option;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.Options;
import io.nbd4j.wire.option.OptionVectors.Vector;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class OptionCodecTest {
  private static final int OPTION = 0x01020304;

  /** Decodes either kind of message. */
  interface Decoder {
    Object decode(int number, ByteBuffer data) throws MalformedMessageException;
  }

  static Stream<Arguments> vectors() {
    Decoder request = OptionCodec::decodeRequest;
    Decoder reply = OptionCodec::decodeReply;
    return Stream.concat(
        OptionVectors.REQUESTS.stream().map(vector -> Arguments.of(vector, request)),
        OptionVectors.REPLIES.stream().map(vector -> Arguments.of(vector, reply)));
  }

  @ParameterizedTest
  @FieldSource("io.nbd4j.wire.option.OptionVectors#REQUESTS")
  void requestIsEncodedToTheBytesOfTheLayout(Vector<OptionRequest> vector) {
    byte[] data = vector.data();
    assertEquals(vector.number(), vector.message().code());
    assertArrayEquals(
        concat(hex("49484156454f5054"), u32(vector.number()), u32(data.length), data),
        bytes(OptionCodec.encode(vector.message())));
  }

  @ParameterizedTest
  @FieldSource("io.nbd4j.wire.option.OptionVectors#REPLIES")
  void replyIsEncodedToTheBytesOfTheLayout(Vector<OptionReply> vector) {
    byte[] data = vector.data();
    assertEquals(vector.number(), vector.message().type());
    assertArrayEquals(
        concat(hex("0003e889045565a9"), u32(OPTION), u32(vector.number()), u32(data.length), data),
        bytes(OptionCodec.encode(OPTION, vector.message())));
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void bytesOfTheLayoutAreDecoded(Vector<?> vector, Decoder decoder) throws Exception {
    assertEquals(vector.message(), decoder.decode(vector.number(), ByteBuffer.wrap(vector.data())));
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void decodingUsesPositionAndLimitAndLeavesThem(Vector<?> vector, Decoder decoder)
      throws Exception {
    byte[] data = vector.data();
    ByteBuffer buffer = ByteBuffer.allocateDirect(data.length + 7).order(ByteOrder.LITTLE_ENDIAN);
    buffer.position(3).put(data).flip().position(3);
    assertEquals(vector.message(), decoder.decode(vector.number(), buffer));
    assertEquals(3, buffer.position());
    assertEquals(ByteOrder.LITTLE_ENDIAN, buffer.order());
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void everyShorterLengthIsRefusedUnlessTheLastFieldIsText(Vector<?> vector, Decoder decoder)
      throws Exception {
    byte[] data = vector.data();
    for (int length = 0; length < data.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(data, 0, length);
      if (vector.shortest() >= 0 && length >= vector.shortest()) {
        assertEquals(vector.message().getClass(), decoder.decode(vector.number(), cut).getClass());
      } else {
        assertRefused(vector, decoder, cut);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void everyLongerLengthIsRefusedUnlessTheDataAreKept(Vector<?> vector, Decoder decoder)
      throws Exception {
    byte[] data = vector.data();
    for (int more = 1; more <= 20; more++) {
      // Zeroes: where any text may follow, they are its forbidden NULs.
      byte[] longer = Arrays.copyOf(data, data.length + more);
      if (keepsItsData(vector.message())) {
        assertEquals(
            vector.message().getClass(),
            decoder.decode(vector.number(), ByteBuffer.wrap(longer)).getClass());
      } else {
        assertRefused(vector, decoder, ByteBuffer.wrap(longer));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1          | 610062                     | EXPORT_NAME request: export name: NUL at index 1 of 3 bytes
          2          | 00                         | ABORT request: length: 1 bytes too many
          6          | 0000                       | INFO request: export name length: 4 bytes needed, but only 2 are left
          7          | ffffffff6162               | GO request: export name length: 4294967295 bytes, but only 2 are left
          7          | 00000003616200             | GO request: export name: NUL at index 2 of 3 bytes
          7          | 000000000002 0000          | GO request: number of info types: 2 items of 2 bytes or more, but only 2 bytes are left
          7          | 00000000 0000 ff           | GO request: length: 1 bytes too many
          10         | 00000000 ffffffff 00000000 | SET_META_CONTEXT request: number of queries: 4294967295 items of 4 bytes or more, but only 4 bytes are left
          9          | 00000000 00000001 00000001 | LIST_META_CONTEXT request: meta context query length: 1 bytes, but only 0 are left
          """)
  void refusedRequestNamesMessageFieldAndNumbers(int option, String hex, String text) {
    var e =
        assertThrows(
            MalformedMessageException.class,
            () -> OptionCodec.decodeRequest(option, ByteBuffer.wrap(hex(hex))));
    assertEquals(text, e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1          | 00                 | ACK reply: length: 1 bytes too many
          2          | 00000005 61        | SERVER reply: export name length: 5 bytes, but only 1 are left
          3          | 03                 | INFO reply: info type: 2 bytes needed, but only 1 are left
          3          | 0000 00000000      | INFO reply: export size: 8 bytes needed, but only 4 are left
          3          | 0003 0000000000000000000000 | INFO reply: maximum payload: 4 bytes needed, but only 3 are left
          4          | 00000001           | META_CONTEXT reply: length: 4 bytes, more than 4 are needed
          4          | 000001             | META_CONTEXT reply: id: 4 bytes needed, but only 3 are left
          2147483653 | 00                 | ERR_TLS_REQD reply: error message: NUL at index 0 of 1 bytes
          """)
  void refusedReplyNamesMessageFieldAndNumbers(long type, String hex, String text) {
    var e =
        assertThrows(
            MalformedMessageException.class,
            () -> OptionCodec.decodeReply((int) type, ByteBuffer.wrap(hex(hex))));
    assertEquals(text, e.getMessage());
  }

  @Test
  void textThatIsNotUtf8IsShownAndNotRefused() throws Exception {
    assertEquals(
        new OptionReply.Server("\\xff", "a\\xc3"),
        OptionCodec.decodeReply(OptionReplies.SERVER, ByteBuffer.wrap(hex("00000001ff61c3"))));
    assertEquals(
        new OptionRequest.ExportName("\\x80"),
        OptionCodec.decodeRequest(Options.EXPORT_NAME, ByteBuffer.wrap(hex("80"))));
  }

  /** Each makes a message of a text, which stands in another field each time. */
  static List<Function<String, ByteBuffer>> encodersOfText() {
    return List.of(
        text -> OptionCodec.encode(new OptionRequest.ExportName(text)),
        text -> OptionCodec.encode(new OptionRequest.Info(text, List.of())),
        text -> OptionCodec.encode(new OptionRequest.Go(text, List.of())),
        text -> OptionCodec.encode(new OptionRequest.ListMetaContext(text, List.of())),
        text -> OptionCodec.encode(new OptionRequest.ListMetaContext("", List.of(text))),
        text -> OptionCodec.encode(new OptionRequest.SetMetaContext(text, List.of())),
        text -> OptionCodec.encode(new OptionRequest.SetMetaContext("", List.of("a", text))),
        text -> OptionCodec.encode(OPTION, new OptionReply.Server(text, "")),
        text -> OptionCodec.encode(OPTION, new OptionReply.Server("", text)),
        text -> OptionCodec.encode(OPTION, new OptionReply.MetaContext(1, text)),
        text -> OptionCodec.encode(OPTION, new OptionReply.Info(new InfoItem.Name(text))),
        text -> OptionCodec.encode(OPTION, new OptionReply.Info(new InfoItem.Description(text))),
        text -> OptionCodec.encode(OPTION, new OptionReply.Error(OptionReplies.ERR_UNKNOWN, text)));
  }

  @ParameterizedTest
  @MethodSource("encodersOfText")
  void longestTextIsSentAndReadAndOneByteMoreIsRefusedBothWays(Function<String, ByteBuffer> encoder)
      throws Exception {
    String longest = "t".repeat(4096);
    byte[] message = bytes(encoder.apply(longest));
    assertTrue(decode(message).toString().contains(longest));

    assertThrows(IllegalArgumentException.class, () -> encoder.apply(longest + "t"));
    assertThrows(IllegalArgumentException.class, () -> encoder.apply("a\0"));
    assertThrows(MalformedMessageException.class, () -> decode(lengthen(message)));
  }

  @Test
  void messageThatIsNotPossibleIsNotEncoded() {
    assertThrows(
        IllegalArgumentException.class,
        () -> OptionCodec.encode(OPTION, new OptionReply.MetaContext(1, "")));
    assertThrows(
        IllegalArgumentException.class,
        () -> OptionCodec.encode(new OptionRequest.Go("", Collections.nCopies(65536, 0))));
    assertThrows(IllegalArgumentException.class, () -> new OptionRequest.Go("", List.of(0x10000)));
    assertThrows(IllegalArgumentException.class, () -> new OptionRequest.Info("", List.of(-1)));
    assertThrows(IllegalArgumentException.class, () -> new OptionReply.Error(1, ""));
    assertThrows(IllegalArgumentException.class, () -> new InfoItem.Export(0, 0x10000));
    assertThrows(IllegalArgumentException.class, () -> new InfoItem.BlockSize(-1, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new InfoItem.BlockSize(0, 1L << 32, 0));
    assertThrows(IllegalArgumentException.class, () -> new InfoItem.Unknown(0x10000, new byte[0]));
  }

  @Test
  void mostInfoTypesAreSentAndRead() throws Exception {
    var request = new OptionRequest.Info("n", Collections.nCopies(65535, 7));
    assertEquals(request, decode(bytes(OptionCodec.encode(request))));
  }

  @Test
  void requestHeaderIsDecodedAndLeftInPlace() throws Exception {
    ByteBuffer header = ByteBuffer.wrap(hex("aa 49484156454f5054 00000007 ffffffff bb"));
    header.position(1);
    assertEquals(
        new OptionCodec.RequestHeader(Options.GO, 0xffff_ffffL),
        OptionCodec.decodeRequestHeader(header));
    assertEquals(1, header.position());
  }

  @Test
  void replyHeaderIsDecodedAndLeftInPlace() throws Exception {
    ByteBuffer header = ByteBuffer.wrap(hex("aa 0003e889045565a9 00000007 80000006 80000000"));
    header.position(1);
    assertEquals(
        new OptionCodec.ReplyHeader(Options.GO, OptionReplies.ERR_UNKNOWN, 0x8000_0000L),
        OptionCodec.decodeReplyHeader(header));
    assertEquals(1, header.position());
  }

  @Test
  void shortHeadersAreRefused() {
    byte[] request = bytes(OptionCodec.encode(new OptionRequest.Abort()));
    for (int length = 0; length < OptionCodec.REQUEST_HEADER; length++) {
      ByteBuffer cut = ByteBuffer.wrap(request, 0, length);
      assertThrows(
          MalformedMessageException.class, () -> OptionCodec.decodeRequestHeader(cut), "" + length);
    }
    byte[] reply = bytes(OptionCodec.encode(OPTION, new OptionReply.Ack()));
    for (int length = 0; length < OptionCodec.REPLY_HEADER; length++) {
      ByteBuffer cut = ByteBuffer.wrap(reply, 0, length);
      assertThrows(
          MalformedMessageException.class, () -> OptionCodec.decodeReplyHeader(cut), "" + length);
    }
  }

  @Test
  void wrongMagicIsRefused() {
    var request =
        assertThrows(
            MalformedMessageException.class,
            () -> OptionCodec.decodeRequestHeader(ByteBuffer.allocate(16)));
    assertEquals("option request: magic: 0x0 in place of 0x49484156454f5054", request.getMessage());
    var reply =
        assertThrows(
            MalformedMessageException.class,
            () ->
                OptionCodec.decodeReplyHeader(
                    ByteBuffer.wrap(hex("0003e889045565aa 00000001 00000001 00000000"))));
    assertEquals(
        "option reply: magic: 0x3e889045565aa in place of 0x3e889045565a9", reply.getMessage());
  }

  @Test
  void recordsWithBytesCopyThemAndCompareThemByContent() {
    byte[] data = {1, 2};
    List<Object> first =
        List.of(
            new OptionRequest.Unknown(9, data),
            new OptionReply.Unknown(9, data),
            new InfoItem.Unknown(9, data));
    data[0] = 5;
    List<Object> same =
        List.of(
            new OptionRequest.Unknown(9, new byte[] {1, 2}),
            new OptionReply.Unknown(9, new byte[] {1, 2}),
            new InfoItem.Unknown(9, new byte[] {1, 2}));
    assertEquals(same, first);
    assertEquals(same.hashCode(), first.hashCode());
    assertEquals(
        "[Unknown[code=9, data=0102], Unknown[type=9, data=0102], Unknown[type=9, data=0102]]",
        first.toString());

    new OptionRequest.Unknown(9, data).data()[0] = 7;
    var request = (OptionRequest.Unknown) first.get(0);
    request.data()[0] = 7;
    assertArrayEquals(new byte[] {1, 2}, request.data());
    assertFalse(first.get(0).equals(new OptionRequest.Unknown(8, new byte[] {1, 2})));
    assertFalse(first.get(1).equals(new OptionReply.Unknown(9, new byte[] {1, 3})));
    assertFalse(first.get(2).equals(new OptionReply.Unknown(9, new byte[] {1, 2})));
  }

  @Test
  void listsAreCopied() {
    List<String> queries = new ArrayList<>(List.of("a"));
    var request = new OptionRequest.SetMetaContext("", queries);
    queries.add("b");
    assertEquals(List.of("a"), request.queries());
  }

  private static boolean keepsItsData(Object message) {
    return message instanceof OptionRequest.Unknown
        || message instanceof OptionReply.Unknown
        || message instanceof OptionReply.Info(InfoItem.Unknown _);
  }

  private static void assertRefused(Vector<?> vector, Decoder decoder, ByteBuffer data) {
    String what = vector.message() + " with " + data.remaining() + " bytes";
    var e =
        assertThrows(
            MalformedMessageException.class, () -> decoder.decode(vector.number(), data), what);
    String text = e.getMessage();
    assertTrue(
        text != null && text.matches(".+ (request|reply): [a-z ]+: .*[0-9].*"), what + ": " + text);
  }

  /** Decodes a message with its header, and checks the length in the header. */
  static Object decode(byte[] message) throws MalformedMessageException {
    ByteBuffer buffer = ByteBuffer.wrap(message);
    if (message[0] == 'I') {
      var header = OptionCodec.decodeRequestHeader(buffer);
      assertEquals(message.length - OptionCodec.REQUEST_HEADER, header.length());
      return OptionCodec.decodeRequest(
          header.option(), buffer.position(OptionCodec.REQUEST_HEADER));
    }
    var header = OptionCodec.decodeReplyHeader(buffer);
    assertEquals(message.length - OptionCodec.REPLY_HEADER, header.length());
    return OptionCodec.decodeReply(header.type(), buffer.position(OptionCodec.REPLY_HEADER));
  }

  /** Makes the text of 4096 letters one letter longer, and corrects the two lengths. */
  private static byte[] lengthen(byte[] message) {
    int at = new String(message, StandardCharsets.ISO_8859_1).indexOf("tttt");
    byte[] longer =
        concat(
            Arrays.copyOf(message, at),
            new byte[] {'t'},
            Arrays.copyOfRange(message, at, message.length));
    ByteBuffer buffer = ByteBuffer.wrap(longer);
    int lengthAt = (message[0] == 'I' ? OptionCodec.REQUEST_HEADER : OptionCodec.REPLY_HEADER) - 4;
    buffer.putInt(lengthAt, buffer.getInt(lengthAt) + 1);
    if (buffer.getInt(at - 4) == 4096) {
      buffer.putInt(at - 4, 4097);
    }
    return longer;
  }

  static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private static byte[] u32(int value) {
    return ByteBuffer.allocate(4).putInt(value).array();
  }

  private static byte[] concat(byte[]... parts) {
    ByteBuffer all = ByteBuffer.allocate(Arrays.stream(parts).mapToInt(part -> part.length).sum());
    for (byte[] part : parts) {
      all.put(part);
    }
    return all.array();
  }
}
