package io.nbd4j.wire.transfer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.ReplyFlags;
import io.nbd4j.wire.WireErrors;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeaderTest {
  private static final long COOKIE = 0x8899aabbccddeeffL;

  @Test
  void compactRequestHasTheBytesOfTheLayout() {
    ByteBuffer buffer = ByteBuffer.allocate(CompactRequest.SIZE);
    new CompactRequest()
        .wrap(buffer, 0)
        .set(CommandFlags.FUA | CommandFlags.NO_HOLE, Commands.WRITE_ZEROES, COOKIE, 512, 1L << 31);
    assertHex("25609513 0003 0006 8899aabbccddeeff 0000000000000200 80000000", buffer);
  }

  @Test
  void extendedRequestHasTheBytesOfTheLayout() {
    ByteBuffer buffer = ByteBuffer.allocate(ExtendedRequest.SIZE);
    new ExtendedRequest()
        .wrap(buffer, 0)
        .set(CommandFlags.PAYLOAD_LEN, Commands.BLOCK_STATUS, COOKIE, -1, 0x0102030405060708L);
    assertHex("21e41c71 0020 0007 8899aabbccddeeff ffffffffffffffff 0102030405060708", buffer);
  }

  @Test
  void simpleReplyHasTheBytesOfTheLayout() {
    ByteBuffer buffer = ByteBuffer.allocate(SimpleReply.SIZE);
    new SimpleReply().wrap(buffer, 0).set(WireErrors.ESHUTDOWN, COOKIE);
    assertHex("67446698 0000006c 8899aabbccddeeff", buffer);
  }

  @Test
  void structuredChunkHasTheBytesOfTheLayout() {
    ByteBuffer buffer = ByteBuffer.allocate(StructuredChunk.SIZE);
    new StructuredChunk()
        .wrap(buffer, 0)
        .set(ReplyFlags.DONE, ChunkTypes.ERROR_OFFSET, COOKIE, 0xffff_ffffL);
    assertHex("668e33ef 0001 8002 8899aabbccddeeff ffffffff", buffer);
  }

  @Test
  void extendedChunkHasTheBytesOfTheLayout() {
    ByteBuffer buffer = ByteBuffer.allocate(ExtendedChunk.SIZE);
    new ExtendedChunk().wrap(buffer, 0).set(0, ChunkTypes.BLOCK_STATUS_EXT, COOKIE, 4096, 24);
    assertHex("6e8a278c 0000 0006 8899aabbccddeeff 0000000000001000 0000000000000018", buffer);
  }

  @Test
  void largestNumbersAreReadUnsigned() {
    byte[] ones = new byte[32];
    Arrays.fill(ones, (byte) 0xff);
    ByteBuffer buffer = ByteBuffer.wrap(ones);
    CompactRequest compact = new CompactRequest().wrap(buffer, 0);
    assertEquals(
        List.of(0xffff, 0xffff, 0xffff_ffffL),
        List.of(compact.flags(), compact.type(), compact.length()));
    StructuredChunk chunk = new StructuredChunk().wrap(buffer, 0);
    assertEquals(
        List.of(0xffff, 0xffff, 0xffff_ffffL),
        List.of(chunk.flags(), chunk.type(), chunk.length()));
    assertEquals(-1L, new ExtendedRequest().wrap(buffer, 0).length());
    assertEquals(-1L, new ExtendedChunk().wrap(buffer, 0).length());
    assertEquals(-1, new SimpleReply().wrap(buffer, 0).error());
  }

  @Test
  void doneIsTheLowestReplyFlag() {
    ByteBuffer buffer = ByteBuffer.allocate(32);
    StructuredChunk structured = new StructuredChunk().wrap(buffer, 0);
    ExtendedChunk extended = new ExtendedChunk().wrap(buffer, 0);
    assertTrue(structured.set(0xffff, 0, 0, 0).done());
    assertFalse(structured.set(0xfffe, 0, 0, 0).done());
    assertTrue(extended.set(1, 0, 0, 0, 0).done());
    assertFalse(extended.set(2, 0, 0, 0, 0).done());
  }

  @Test
  void lengthOfMoreThan32BitsIsRefusedAndNothingIsWritten() {
    ByteBuffer buffer = ByteBuffer.allocate(CompactRequest.SIZE);
    for (long length : new long[] {1L << 32, -1, Long.MIN_VALUE}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new CompactRequest().wrap(buffer, 0).set(0, 0, 0, 0, length));
      assertThrows(
          IllegalArgumentException.class,
          () -> new StructuredChunk().wrap(buffer, 0).set(0, 0, 0, length));
    }
    assertArrayEquals(new byte[CompactRequest.SIZE], buffer.array());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20260101})
  void randomHeadersComeBackAndTouchNothingElse(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    CompactRequest compact = new CompactRequest();
    ExtendedRequest extended = new ExtendedRequest();
    SimpleReply simple = new SimpleReply();
    StructuredChunk chunk = new StructuredChunk();
    ExtendedChunk extendedChunk = new ExtendedChunk();
    for (int round = 0; round < 2000; round++) {
      byte[] noise = new byte[80];
      random.nextBytes(noise);
      ByteBuffer buffer =
          (random.nextBoolean() ? ByteBuffer.allocate(80) : ByteBuffer.allocateDirect(80))
              .put(0, noise)
              .position(random.nextInt(80));
      final int position = buffer.position();
      int at = random.nextInt(40);
      int flags = random.nextInt(0x10000);
      int type = random.nextInt(0x10000);
      int error = random.nextInt();
      long cookie = random.nextLong();
      long offset = random.nextLong();
      long length = random.nextLong();
      long length32 = random.nextLong(1L << 32);
      String what = "seed " + seed + ", round " + round;

      compact.wrap(buffer, at).set(flags, type, cookie, offset, length32);
      assertEquals(
          List.of(Magic.REQUEST, flags, type, cookie, offset, length32),
          List.of(
              compact.magic(),
              compact.flags(),
              compact.type(),
              compact.cookie(),
              compact.offset(),
              compact.length()),
          what);
      assertRestIsUntouched(noise, buffer, at, CompactRequest.SIZE, what);

      extended.wrap(buffer, at).set(flags, type, cookie, offset, length);
      assertEquals(
          List.of(Magic.EXTENDED_REQUEST, flags, type, cookie, offset, length),
          List.of(
              extended.magic(),
              extended.flags(),
              extended.type(),
              extended.cookie(),
              extended.offset(),
              extended.length()),
          what);
      assertRestIsUntouched(noise, buffer, at, ExtendedRequest.SIZE, what);

      simple.wrap(buffer, at).set(error, cookie);
      assertEquals(
          List.of(Magic.SIMPLE_REPLY, error, cookie),
          List.of(simple.magic(), simple.error(), simple.cookie()),
          what);
      assertRestIsUntouched(noise, buffer, at, SimpleReply.SIZE, what);

      chunk.wrap(buffer, at).set(flags, type, cookie, length32);
      assertEquals(
          List.of(Magic.STRUCTURED_REPLY, flags, type, cookie, length32),
          List.of(chunk.magic(), chunk.flags(), chunk.type(), chunk.cookie(), chunk.length()),
          what);
      assertRestIsUntouched(noise, buffer, at, StructuredChunk.SIZE, what);

      extendedChunk.wrap(buffer, at).set(flags, type, cookie, offset, length);
      assertEquals(
          List.of(Magic.EXTENDED_REPLY, flags, type, cookie, offset, length),
          List.of(
              extendedChunk.magic(),
              extendedChunk.flags(),
              extendedChunk.type(),
              extendedChunk.cookie(),
              extendedChunk.offset(),
              extendedChunk.length()),
          what);
      assertRestIsUntouched(noise, buffer, at, ExtendedChunk.SIZE, what);
      assertEquals(position, buffer.position(), what);
    }
  }

  static List<Arguments> wraps() {
    CompactRequest compact = new CompactRequest();
    ExtendedRequest extended = new ExtendedRequest();
    SimpleReply simple = new SimpleReply();
    StructuredChunk chunk = new StructuredChunk();
    ExtendedChunk extendedChunk = new ExtendedChunk();
    BiConsumer<ByteBuffer, Integer> compactWrap =
        (b, at) -> assertSame(compact, compact.wrap(b, at));
    BiConsumer<ByteBuffer, Integer> extendedWrap =
        (b, at) -> assertSame(extended, extended.wrap(b, at));
    BiConsumer<ByteBuffer, Integer> simpleWrap = (b, at) -> assertSame(simple, simple.wrap(b, at));
    BiConsumer<ByteBuffer, Integer> chunkWrap = (b, at) -> assertSame(chunk, chunk.wrap(b, at));
    BiConsumer<ByteBuffer, Integer> extendedChunkWrap =
        (b, at) -> assertSame(extendedChunk, extendedChunk.wrap(b, at));
    return List.of(
        Arguments.of(28, compactWrap),
        Arguments.of(32, extendedWrap),
        Arguments.of(16, simpleWrap),
        Arguments.of(20, chunkWrap),
        Arguments.of(32, extendedChunkWrap));
  }

  @ParameterizedTest
  @MethodSource("wraps")
  void headerHasToEndWithinTheLimit(int size, BiConsumer<ByteBuffer, Integer> wrap) {
    wrap.accept(ByteBuffer.allocate(size + 3), 3);
    for (int shorter = 0; shorter < size; shorter++) {
      ByteBuffer buffer = ByteBuffer.allocate(size + 3).limit(shorter + 3);
      assertThrows(
          IndexOutOfBoundsException.class, () -> wrap.accept(buffer, 3), () -> "" + buffer);
    }
    assertThrows(IndexOutOfBoundsException.class, () -> wrap.accept(ByteBuffer.allocate(size), -1));
  }

  @ParameterizedTest
  @MethodSource("wraps")
  void littleEndianBufferIsRefused(int size, BiConsumer<ByteBuffer, Integer> wrap) {
    ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    assertThrows(IllegalArgumentException.class, () -> wrap.accept(buffer, 0));
  }

  @Test
  void viewOfNothingCannotBeUsed() {
    assertThrows(IndexOutOfBoundsException.class, () -> new SimpleReply().cookie());
    assertThrows(IndexOutOfBoundsException.class, () -> new CompactRequest().set(0, 0, 0, 0, 0));
  }

  @Test
  void reusedViewsAllocateNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    ByteBuffer buffer = ByteBuffer.allocateDirect(256);
    CompactRequest request = new CompactRequest();
    StructuredChunk chunk = new StructuredChunk();
    long sum = 0;
    long before = 0;
    for (int round = 0; round < 20_000; round++) {
      if (round == 10_000) {
        // Class loading and the like are over.
        before = threads.getCurrentThreadAllocatedBytes();
      }
      request.wrap(buffer, round & 63).set(0, Commands.READ, round, round, 4096);
      chunk.wrap(buffer, 100 + (round & 63)).set(1, ChunkTypes.OFFSET_DATA, round, 4104);
      sum += request.cookie() + request.length() + chunk.cookie() + chunk.length();
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertEquals(2 * 199_990_000L + 20_000L * 8200, sum);
    // The measurement itself may cost a little; 10000 rounds with one object each would cost
    // 160000.
    assertTrue(allocated < 10_000, () -> allocated + " bytes");
  }

  private static void assertRestIsUntouched(
      byte[] noise, ByteBuffer buffer, int at, int size, String what) {
    byte[] now = new byte[noise.length];
    buffer.get(0, now);
    System.arraycopy(noise, at, now, at, size);
    assertArrayEquals(noise, now, what);
    buffer.put(0, noise);
  }

  private static void assertHex(String expected, ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    assertEquals(expected.replace(" ", ""), HexFormat.of().formatHex(bytes));
    assertEquals(0, buffer.position());
  }
}
