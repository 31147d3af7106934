package io.nbd4j.wire.transfer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.WireErrors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PayloadTest {
  /** Lengths that no payload in a buffer has, the unsigned ones above 63 bits included. */
  private static final long[] HUGE = {
    1L << 31, (1L << 32) + 12, Long.MAX_VALUE, Long.MIN_VALUE, -1
  };

  /** Wraps a payload of some length. */
  interface Wrap {
    Object wrap(ByteBuffer buffer, int at, long length) throws MalformedMessageException;
  }

  @Test
  void dataChunkIsReadAndWritten() throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(10);
    DataChunk.set(buffer, 1, 0x8000000000000001L);
    assertEquals("00800000000000000100", HexFormat.of().formatHex(buffer.array()));
    DataChunk chunk = new DataChunk().wrap(buffer, 1, 8 + 33554432);
    assertEquals(0x8000000000000001L, chunk.offset());
    assertEquals(33554432, chunk.dataLength());
    assertEquals(1, chunk.wrap(buffer, 1, 9).dataLength());
    assertEquals(-9, chunk.wrap(buffer, 1, -1).dataLength());
  }

  @Test
  void holeChunkIsReadAndWritten() throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(14);
    HoleChunk.set(buffer, 1, 0x0102030405060708L, 0xffff_fffeL);
    assertEquals("000102030405060708fffffffe00", HexFormat.of().formatHex(buffer.array()));
    HoleChunk chunk = new HoleChunk().wrap(buffer, 1, 12);
    assertEquals(0x0102030405060708L, chunk.offset());
    assertEquals(0xffff_fffeL, chunk.length());
    assertThrows(IllegalArgumentException.class, () -> HoleChunk.set(buffer, 1, 0, 0x1_0000_0000L));
  }

  @Test
  void errorChunkIsReadAndWritten() throws Exception {
    ByteBuffer payload = ErrorChunk.encode(WireErrors.EIO, "é");
    assertEquals("000000050002c3a9", hex(payload));
    ErrorChunk chunk = new ErrorChunk().wrap(payload, 0, payload.limit());
    assertEquals(WireErrors.EIO, chunk.error());
    assertEquals("é", chunk.message());
    assertFalse(chunk.hasOffset());
    assertThrows(IllegalStateException.class, chunk::offset);
  }

  @Test
  void errorOffsetChunkHasItsOffsetAfterTheMessage() throws Exception {
    ByteBuffer payload = ErrorChunk.encode(WireErrors.EPERM, "no", 0x8000000000000002L);
    assertEquals("0000000100026e6f8000000000000002", hex(payload));
    ErrorChunk chunk = new ErrorChunk().wrap(payload, 0, payload.limit(), ChunkTypes.ERROR_OFFSET);
    assertEquals(WireErrors.EPERM, chunk.error());
    assertEquals("no", chunk.message());
    assertTrue(chunk.hasOffset());
    assertEquals(0x8000000000000002L, chunk.offset());
  }

  @Test
  void unknownErrorChunkIsReadLikeAnErrorAndItsRestIgnored() throws Exception {
    ByteBuffer payload = buffer("ffffffff 0001 ff 010203040506070809");
    ErrorChunk chunk = new ErrorChunk().wrap(payload, 0, payload.limit(), 0x8007);
    assertEquals(-1, chunk.error());
    assertEquals("\\xff", chunk.message());
    assertFalse(chunk.hasOffset());
  }

  @Test
  void errorMessageHasToFitIntoThePayload() throws Exception {
    ByteBuffer payload = buffer("00000005 0003 616263 0000000000000010");
    ErrorChunk chunk = new ErrorChunk();
    for (int length = 0; length < 9; length++) {
      int cut = length;
      var e = assertThrows(MalformedMessageException.class, () -> chunk.wrap(payload, 0, cut));
      assertEquals(
          length < 6
              ? "ERROR chunk: length: " + length + " bytes, 6 or more are needed"
              : "ERROR chunk: message length: 3 bytes, but the payload has only "
                  + (length - 6)
                  + " for it",
          e.getMessage());
    }
    for (int length = 0; length < 17; length++) {
      int cut = length;
      var e =
          assertThrows(
              MalformedMessageException.class,
              () -> chunk.wrap(payload, 0, cut, ChunkTypes.ERROR_OFFSET));
      assertEquals(
          length < 14
              ? "ERROR_OFFSET chunk: length: " + length + " bytes, 14 or more are needed"
              : "ERROR_OFFSET chunk: message length: 3 bytes, but the payload has only "
                  + (length - 14)
                  + " for it",
          e.getMessage());
    }
    assertEquals("abc", chunk.wrap(payload, 0, 9).message());
    assertEquals(16, chunk.wrap(payload, 0, 17, ChunkTypes.ERROR_OFFSET).offset());
  }

  @Test
  void errorMessageIsAsLongAsAStringMayBe() throws Exception {
    String longest = "m".repeat(4096);
    ByteBuffer payload = ErrorChunk.encode(1, longest, 7);
    ErrorChunk chunk = new ErrorChunk().wrap(payload, 0, payload.limit(), ChunkTypes.ERROR_OFFSET);
    assertEquals(longest, chunk.message());
    assertEquals(7, chunk.offset());
    assertThrows(IllegalArgumentException.class, () -> ErrorChunk.encode(1, longest + "m"));
    assertThrows(IllegalArgumentException.class, () -> ErrorChunk.encode(1, "\0", 1));
  }

  @Test
  void blockStatusIsReadAndWritten() throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(1 + BlockStatus.size(2) + 1);
    BlockStatus.putHeader(buffer, 1, 0xfffffffe);
    BlockStatus.putEntry(buffer, 1, 0, 0xffff_ffffL, 3);
    BlockStatus.putEntry(buffer, 1, 1, 512, 0x8000_0000L);
    assertEquals(
        "00 fffffffe ffffffff 00000003 00000200 80000000 00".replace(" ", ""),
        HexFormat.of().formatHex(buffer.array()));
    BlockStatus status = new BlockStatus().wrap(buffer, 1, 20);
    assertEquals(0xfffffffe, status.contextId());
    assertEquals(2, status.count());
    assertEquals(List.of(0xffff_ffffL, 512L), List.of(status.length(0), status.length(1)));
    assertEquals(List.of(3L, 0x8000_0000L), List.of(status.flags(0), status.flags(1)));
    assertThrows(IndexOutOfBoundsException.class, () -> status.length(2));
    assertThrows(IndexOutOfBoundsException.class, () -> status.flags(-1));
    assertThrows(
        IllegalArgumentException.class, () -> BlockStatus.putEntry(buffer, 1, 0, 1L << 32, 0));
    assertThrows(IllegalArgumentException.class, () -> BlockStatus.putEntry(buffer, 1, 0, 1, -1));
    assertThrows(IndexOutOfBoundsException.class, () -> BlockStatus.putEntry(buffer, 1, 2, 1, 1));
  }

  @Test
  void blockStatusExtIsReadAndWritten() throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(1 + BlockStatusExt.size(2) + 1);
    BlockStatusExt.putHeader(buffer, 1, 9, 2);
    BlockStatusExt.putEntry(buffer, 1, 0, -1, 3);
    BlockStatusExt.putEntry(buffer, 1, 1, 512, Long.MIN_VALUE);
    assertEquals(
        ("00 00000009 00000002 ffffffffffffffff 0000000000000003 0000000000000200"
                + " 8000000000000000 00")
            .replace(" ", ""),
        HexFormat.of().formatHex(buffer.array()));
    BlockStatusExt status = new BlockStatusExt().wrap(buffer, 1, 40);
    assertEquals(9, status.contextId());
    assertEquals(2, status.count());
    assertEquals(List.of(-1L, 512L), List.of(status.length(0), status.length(1)));
    assertEquals(List.of(3L, Long.MIN_VALUE), List.of(status.flags(0), status.flags(1)));
    assertThrows(IndexOutOfBoundsException.class, () -> status.length(2));
    assertThrows(IndexOutOfBoundsException.class, () -> status.flags(2));
    assertThrows(
        IndexOutOfBoundsException.class, () -> BlockStatusExt.putEntry(buffer, 1, 2, 1, 1));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, -1, 0x10000002})
  void blockStatusExtWithAnotherCountIsRefused(int count) {
    ByteBuffer buffer = ByteBuffer.allocate(40);
    BlockStatusExt.putHeader(buffer, 0, 9, count);
    var e =
        assertThrows(
            MalformedMessageException.class, () -> new BlockStatusExt().wrap(buffer, 0, 40));
    assertEquals(
        "BLOCK_STATUS_EXT chunk: count: "
            + Integer.toUnsignedString(count)
            + ", but the payload of 40 bytes has 2",
        e.getMessage());
  }

  @Test
  void blockStatusPayloadIsReadAndWritten() throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(1 + BlockStatusPayload.size(2) + 1);
    BlockStatusPayload.putHeader(buffer, 1, 1L << 40);
    BlockStatusPayload.putId(buffer, 1, 0, 7);
    BlockStatusPayload.putId(buffer, 1, 1, -2);
    assertEquals(
        "00 0000010000000000 00000007 fffffffe 00".replace(" ", ""),
        HexFormat.of().formatHex(buffer.array()));
    BlockStatusPayload payload = new BlockStatusPayload().wrap(buffer, 1, 16);
    assertEquals(1L << 40, payload.effectLength());
    assertEquals(2, payload.count());
    assertEquals(List.of(7, -2), List.of(payload.id(0), payload.id(1)));
    assertThrows(IndexOutOfBoundsException.class, () -> payload.id(2));
    assertEquals(0, payload.wrap(buffer, 1, 8).count());
  }

  static List<Arguments> wraps() {
    Wrap data = (buffer, at, length) -> new DataChunk().wrap(buffer, at, length);
    Wrap hole = (buffer, at, length) -> new HoleChunk().wrap(buffer, at, length);
    Wrap error = (buffer, at, length) -> new ErrorChunk().wrap(buffer, at, length);
    Wrap errorOffset =
        (buffer, at, length) -> new ErrorChunk().wrap(buffer, at, length, ChunkTypes.ERROR_OFFSET);
    Wrap status = (buffer, at, length) -> new BlockStatus().wrap(buffer, at, length);
    Wrap statusExt =
        (buffer, at, length) -> {
          // The right count, if there is one.
          if (length >= 8) {
            buffer.putInt(at + 4, (int) ((length - 8) / 16));
          }
          return new BlockStatusExt().wrap(buffer, at, length);
        };
    Wrap payload = (buffer, at, length) -> new BlockStatusPayload().wrap(buffer, at, length);
    return List.of(
        Arguments.of("OFFSET_DATA chunk", data, range(9, 1)),
        Arguments.of("OFFSET_HOLE chunk", hole, Set.of(12)),
        Arguments.of("ERROR chunk", error, range(6, 1)),
        Arguments.of("ERROR_OFFSET chunk", errorOffset, range(14, 1)),
        Arguments.of("BLOCK_STATUS chunk", status, range(12, 8)),
        Arguments.of("BLOCK_STATUS_EXT chunk", statusExt, range(24, 16)),
        Arguments.of("BLOCK_STATUS request payload", payload, range(8, 4)));
  }

  /** What is allowed up to 100. */
  private static Set<Integer> range(int first, int step) {
    Set<Integer> lengths = new TreeSet<>();
    for (int length = first; length <= 100; length += step) {
      lengths.add(length);
    }
    return lengths;
  }

  @ParameterizedTest
  @MethodSource("wraps")
  void exactlyTheLengthsOfTheRuleAreTaken(String message, Wrap wrap, Set<Integer> allowed)
      throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(110);
    for (int length = 0; length <= 100; length++) {
      int tried = length;
      if (allowed.contains(length)) {
        wrap.wrap(buffer, 7, length);
      } else {
        var e =
            assertThrows(
                MalformedMessageException.class,
                () -> wrap.wrap(buffer, 7, tried),
                () -> "length " + tried);
        String text = String.valueOf(e.getMessage());
        assertTrue(text.startsWith(message + ": length: " + length + " bytes, "), text);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("wraps")
  void hugeLengthsAreNotTaken(String message, Wrap wrap, Set<Integer> allowed) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(110);
    for (long length : HUGE) {
      if (message.startsWith("OFFSET_DATA")) {
        // Its data need not be in the buffer.
        wrap.wrap(buffer, 0, length);
      } else if (message.startsWith("ERROR")) {
        assertThrows(IndexOutOfBoundsException.class, () -> wrap.wrap(buffer, 0, length));
      } else {
        assertThrows(MalformedMessageException.class, () -> wrap.wrap(buffer, 0, length));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("wraps")
  void payloadHasToEndWithinTheLimitOfABigEndianBuffer(
      String message, Wrap wrap, Set<Integer> allowed) {
    int length = new TreeSet<>(allowed).first();
    int inBuffer = message.startsWith("OFFSET_DATA") ? DataChunk.PREFIX : length;
    ByteBuffer cut = ByteBuffer.allocate(110).limit(5 + inBuffer - 1);
    assertThrows(IndexOutOfBoundsException.class, () -> wrap.wrap(cut, 5, length));
    ByteBuffer little = ByteBuffer.allocate(110).order(ByteOrder.LITTLE_ENDIAN);
    assertThrows(IllegalArgumentException.class, () -> wrap.wrap(little, 0, length));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20260101})
  void randomPayloadsComeBack(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    DataChunk data = new DataChunk();
    HoleChunk hole = new HoleChunk();
    ErrorChunk error = new ErrorChunk();
    BlockStatus status = new BlockStatus();
    BlockStatusExt statusExt = new BlockStatusExt();
    BlockStatusPayload payload = new BlockStatusPayload();
    ByteBuffer buffer = ByteBuffer.allocateDirect(400);
    for (int round = 0; round < 1000; round++) {
      String what = "seed " + seed + ", round " + round;
      int at = random.nextInt(20);
      int count = 1 + random.nextInt(20);
      int id = random.nextInt();
      long offset = random.nextLong();
      long[] lengths = random.longs(count).toArray();
      long[] flags = random.longs(count).toArray();

      DataChunk.set(buffer, at, offset);
      data.wrap(buffer, at, 8L + count);
      assertEquals(List.of(offset, (long) count), List.of(data.offset(), data.dataLength()), what);

      HoleChunk.set(buffer, at, offset, lengths[0] & 0xffff_ffffL);
      hole.wrap(buffer, at, HoleChunk.SIZE);
      assertEquals(
          List.of(offset, lengths[0] & 0xffff_ffffL), List.of(hole.offset(), hole.length()), what);

      String text = "é".repeat(count) + id;
      ByteBuffer encoded = ErrorChunk.encode(id, text, offset);
      error.wrap(encoded, 0, encoded.limit(), ChunkTypes.ERROR_OFFSET);
      assertEquals(
          List.of(id, text, offset), List.of(error.error(), error.message(), error.offset()), what);

      BlockStatus.putHeader(buffer, at, id);
      for (int i = 0; i < count; i++) {
        BlockStatus.putEntry(buffer, at, i, lengths[i] & 0xffff_ffffL, flags[i] & 0xffff_ffffL);
      }
      status.wrap(buffer, at, BlockStatus.size(count));
      assertEquals(List.of(id, count), List.of(status.contextId(), status.count()), what);
      for (int i = 0; i < count; i++) {
        assertEquals(lengths[i] & 0xffff_ffffL, status.length(i), what);
        assertEquals(flags[i] & 0xffff_ffffL, status.flags(i), what);
      }

      BlockStatusExt.putHeader(buffer, at, id, count);
      for (int i = 0; i < count; i++) {
        BlockStatusExt.putEntry(buffer, at, i, lengths[i], flags[i]);
      }
      statusExt.wrap(buffer, at, BlockStatusExt.size(count));
      assertEquals(List.of(id, count), List.of(statusExt.contextId(), statusExt.count()), what);
      for (int i = 0; i < count; i++) {
        assertEquals(lengths[i], statusExt.length(i), what);
        assertEquals(flags[i], statusExt.flags(i), what);
      }

      BlockStatusPayload.putHeader(buffer, at, offset);
      for (int i = 0; i < count; i++) {
        BlockStatusPayload.putId(buffer, at, i, (int) lengths[i]);
      }
      payload.wrap(buffer, at, BlockStatusPayload.size(count));
      assertEquals(List.of(offset, count), List.of(payload.effectLength(), payload.count()), what);
      for (int i = 0; i < count; i++) {
        assertEquals((int) lengths[i], payload.id(i), what);
      }
    }
  }

  private static ByteBuffer buffer(String hex) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  private static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(buffer.position(), bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
