package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.server.TestClient.Answer;
import io.nbd4j.server.TestClient.Style;
import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.backend.FileBackend;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.server.backend.ReadOnly;
import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.WireErrors;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TransmissionTest {
  private static final int SIZE = 3 << 20;
  private static final int LIMIT = 1 << 20;
  private static final long SEED = 20260107;

  @TempDir private Path directory;
  private NbdServer server;

  @BeforeEach
  void start() throws IOException {
    Path file = directory.resolve("disk.img");
    Files.write(file, new byte[SIZE]);
    server =
        NbdServer.builder()
            .export("memory", new MemoryBackend(SIZE))
            .export("file", FileBackend.open(file))
            .export("array", MemoryBackend.of(new byte[SIZE]))
            .export("fixed", new ReadOnly(new MemoryBackend(SIZE)))
            .limits(Limits.DEFAULT.withMaximumPayload(LIMIT).withInFlight(16, LIMIT))
            .listenTcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .start();
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(SEED).nextBytes(bytes);
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({
    "memory,SIMPLE", "memory,STRUCTURED", "memory,EXTENDED",
    "file,SIMPLE", "file,STRUCTURED", "file,EXTENDED",
    "array,SIMPLE", "array,STRUCTURED", "array,EXTENDED"
  })
  void whatIsWrittenIsRead(String export, Style style) throws IOException {
    try (TestClient client = TestClient.on(server, export, style)) {
      for (int length : new int[] {1, 511, 4096, 65_536, 65_537, 200_000, LIMIT}) {
        byte[] data = random(length);
        long offset = (long) SIZE - length;
        assertEquals(0, client.write(offset, data));
        assertArrayEquals(data, client.read(offset, length), length + " bytes, seed " + SEED);
      }
      assertEquals(0, client.call(Commands.FLUSH, 0, 0, 0).error);
      client.request(Commands.DISC, 0, 0, 0);
      client.assertClosed();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "memory,SIMPLE", "memory,STRUCTURED", "memory,EXTENDED",
    "file,SIMPLE", "file,STRUCTURED", "file,EXTENDED"
  })
  void manyRequestsAtOnceAreAllAnswered(String export, Style style) throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    byte[] content = random(SIZE);
    int block = 5000;
    int flag = style == Style.EXTENDED ? CommandFlags.PAYLOAD_LEN : 0;
    try (TestClient client = TestClient.on(server, export, style)) {
      int blocks = 300;
      ByteBuffer writes = ByteBuffer.allocate(blocks * (block + 32));
      Map<Long, Integer> open = new HashMap<>();
      for (int i = 0; i < blocks; i++) {
        int at = i * block;
        byte[] part = Arrays.copyOfRange(content, at, at + block);
        ByteBuffer request = client.encoded(Commands.WRITE, flag, at, block, part);
        open.put(request.getLong(8), i);
        writes.put(request);
      }
      client.send(writes.flip());
      for (int i = 0; i < blocks; i++) {
        Answer answer = client.answer();
        assertEquals(0, answer.error);
        assertTrue(open.remove(answer.cookie) != null, "an answer to an open request");
      }
      for (int round = 0; round < 50; round++) {
        int at = random.nextInt(blocks * block - 70_000);
        int length = 1 + random.nextInt(70_000);
        assertArrayEquals(
            Arrays.copyOfRange(content, at, at + length),
            client.read(at, length),
            at + "+" + length + ", seed " + SEED);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void pipelinedReadsComeInAnyOrder(Style style) throws IOException {
    byte[] content = random(SIZE);
    try (TestClient client = TestClient.on(server, "file", style)) {
      for (int at = 0; at < SIZE; at += LIMIT) {
        assertEquals(0, client.write(at, Arrays.copyOfRange(content, at, at + LIMIT)));
      }
      int length = 10_000;
      Map<Long, Integer> open = new HashMap<>();
      for (int i = 0; i < 200; i++) {
        int at = i * 13_337 % (SIZE - length);
        open.put(client.request(Commands.READ, CommandFlags.DF * notSimple(style), at, length), at);
      }
      while (!open.isEmpty()) {
        Answer answer = client.answer(TestClient.ANY_OFFSET, length);
        int at = open.remove(answer.cookie);
        assertArrayEquals(Arrays.copyOfRange(content, at, at + length), answer.data);
      }
    }
  }

  private static int notSimple(Style style) {
    return style == Style.SIMPLE ? 0 : 1;
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void requestsOutsideTheExportFailAndTheConnectionGoesOn(Style style) throws IOException {
    try (TestClient client = TestClient.on(server, "memory", style)) {
      long[][] ranges = {{SIZE, 1}, {SIZE - 1, 2}, {-1, 1}, {-512, 512}, {Long.MAX_VALUE, 512}};
      for (long[] range : ranges) {
        String shown = Arrays.toString(range);
        int length = (int) range[1];
        assertEquals(
            WireErrors.EINVAL, client.call(Commands.READ, 0, range[0], length).error, shown);
        assertEquals(WireErrors.ENOSPC, client.write(range[0], new byte[length]), shown);
        assertEquals(
            WireErrors.ENOSPC,
            client.call(Commands.WRITE_ZEROES, 0, range[0], length).error,
            shown);
        assertEquals(
            WireErrors.EINVAL, client.call(Commands.TRIM, 0, range[0], length).error, shown);
        assertEquals(
            WireErrors.EINVAL, client.call(Commands.CACHE, 0, range[0], length).error, shown);
      }
      assertEquals(8, client.read(0, 8).length);
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void payloadsOverTheLimitFailAndTheConnectionGoesOn(Style style) throws IOException {
    try (TestClient client = TestClient.on(server, "memory", style)) {
      assertEquals(WireErrors.EINVAL, client.call(Commands.READ, 0, 0, LIMIT + 1).error);
      assertEquals(WireErrors.EINVAL, client.write(0, new byte[LIMIT + 1]));
      assertEquals(WireErrors.EINVAL, client.write(0, new byte[2 * LIMIT]));
      assertEquals(0, client.write(0, new byte[LIMIT]));
      assertEquals(LIMIT, client.read(0, LIMIT).length);
    }
  }

  @Test
  void aReadInOnePieceOverTheLimitOverflows() throws IOException {
    try (TestClient client = TestClient.on(server, "memory", Style.STRUCTURED)) {
      assertEquals(
          WireErrors.EOVERFLOW, client.call(Commands.READ, CommandFlags.DF, 0, LIMIT + 1).error);
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void anAbsurdPayloadEndsTheConnectionAfterAnError(Style style) throws IOException {
    int flag = style == Style.EXTENDED ? CommandFlags.PAYLOAD_LEN : 0;
    try (TestClient client = TestClient.on(server, "memory", style)) {
      long length = style == Style.EXTENDED ? -1L : 0xffff_ffffL;
      assertEquals(WireErrors.EINVAL, client.call(Commands.WRITE, flag, 0, length).error);
      client.assertClosed();
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void aReadOnlyExportCannotBeChanged(Style style) throws IOException {
    try (TestClient client = TestClient.on(server, "fixed", style)) {
      assertEquals(WireErrors.EPERM, client.write(0, new byte[4096]));
      assertEquals(WireErrors.EPERM, client.call(Commands.TRIM, 0, 0, 4096).error);
      assertEquals(WireErrors.EPERM, client.call(Commands.WRITE_ZEROES, 0, 0, 4096).error);
      assertEquals(WireErrors.EINVAL, client.call(Commands.FLUSH, 0, 0, 0).error);
      assertArrayEquals(new byte[10], client.read(0, 10));
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void unknownCommandsAndFlagsAreInvalid(Style style) throws IOException {
    try (TestClient client = TestClient.on(server, "memory", style)) {
      for (int command : new int[] {Commands.BLOCK_STATUS, Commands.RESIZE, 9, 0xffff}) {
        assertEquals(
            WireErrors.EINVAL, client.call(command, 0, 0, 512).error, String.valueOf(command));
      }
      int unknown = 1 << 6;
      assertEquals(WireErrors.EINVAL, client.call(Commands.READ, unknown, 0, 512).error);
      assertEquals(
          WireErrors.EINVAL, client.call(Commands.READ, CommandFlags.NO_HOLE, 0, 512).error);
      assertEquals(
          WireErrors.EINVAL, client.call(Commands.TRIM, CommandFlags.FAST_ZERO, 0, 512).error);
      // The payload of a refused write is still read.
      int flags = unknown | (style == Style.EXTENDED ? CommandFlags.PAYLOAD_LEN : 0);
      assertEquals(
          WireErrors.EINVAL,
          client.call(Commands.WRITE, flags, 0, 100_000, new byte[100_000]).error);
      assertEquals(0, client.call(Commands.READ, CommandFlags.FUA, 0, 512).error);
    }
  }

  @Test
  void flagsOfOtherStylesAreInvalid() throws IOException {
    try (TestClient client = TestClient.on(server, "memory", Style.SIMPLE)) {
      assertEquals(WireErrors.EINVAL, client.call(Commands.READ, CommandFlags.DF, 0, 512).error);
      assertEquals(
          WireErrors.EINVAL,
          client.call(Commands.WRITE, CommandFlags.PAYLOAD_LEN, 0, 4, new byte[4]).error);
      assertEquals(0, client.write(0, new byte[4]));
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void aWrongRequestMagicEndsTheConnection(Style style) throws IOException {
    try (TestClient client = TestClient.on(server, "memory", style)) {
      ByteBuffer request = client.encoded(Commands.READ, 0, 0, 512);
      client.send(request.put(0, (byte) 0));
      client.assertClosed();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "memory,SIMPLE",
    "memory,STRUCTURED",
    "memory,EXTENDED",
    "file,SIMPLE",
    "file,STRUCTURED",
    "file,EXTENDED"
  })
  void zeroesAreWrittenWithEveryFlag(String export, Style style) throws IOException {
    try (TestClient client = TestClient.on(server, export, style)) {
      for (int flags : new int[] {0, CommandFlags.NO_HOLE, CommandFlags.FUA}) {
        assertEquals(0, client.write(0, random(300_000)));
        assertEquals(0, client.call(Commands.WRITE_ZEROES, flags, 1000, 290_000).error);
        byte[] expected = random(300_000);
        Arrays.fill(expected, 1000, 291_000, (byte) 0);
        assertArrayEquals(expected, client.read(0, 300_000));
      }
      boolean fast = export.equals("memory");
      assertEquals(
          fast ? 0 : WireErrors.EINVAL,
          client.call(Commands.WRITE_ZEROES, CommandFlags.FAST_ZERO, 0, SIZE).error);
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void trimAndCacheAndFuaSucceed(Style style) throws IOException {
    int payload = style == Style.EXTENDED ? CommandFlags.PAYLOAD_LEN : 0;
    try (TestClient client = TestClient.on(server, "memory", style)) {
      byte[] data = random(100_000);
      assertEquals(
          0, client.call(Commands.WRITE, CommandFlags.FUA | payload, 0, data.length, data).error);
      assertEquals(0, client.call(Commands.CACHE, 0, 0, SIZE).error);
      assertEquals(0, client.call(Commands.TRIM, CommandFlags.FUA, 32_768, 32_768).error);
      Arrays.fill(data, 32_768, 65_536, (byte) 0);
      assertArrayEquals(data, client.read(0, data.length));
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void requestsOfNothingDoNotHurt(Style style) throws IOException {
    try (TestClient client = TestClient.on(server, "memory", style)) {
      assertEquals(0, client.read(7, 0).length);
      assertEquals(0, client.write(7, new byte[0]));
      assertEquals(0, client.call(Commands.TRIM, 0, 7, 0).error);
      assertEquals(0, client.call(Commands.WRITE_ZEROES, 0, SIZE, 0).error);
      assertEquals(1, client.read(7, 1).length);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Style.class, names = "SIMPLE", mode = EnumSource.Mode.EXCLUDE)
  void holesAreToldUnlessTheReadMustBeInOnePiece(Style style) throws IOException {
    try (TestClient client = TestClient.on(server, "memory", style)) {
      byte[] data = random(1000);
      assertEquals(0, client.write(100_000, data));
      byte[] expected = new byte[300_000];
      System.arraycopy(data, 0, expected, 100_000, data.length);

      Answer split = client.call(Commands.READ, 0, 0, 300_000);
      assertArrayEquals(expected, split.data);
      assertEquals(
          List.of(ChunkTypes.OFFSET_HOLE, ChunkTypes.OFFSET_DATA, ChunkTypes.OFFSET_HOLE),
          split.chunkTypes);

      Answer whole = client.call(Commands.READ, CommandFlags.DF, 0, 300_000);
      assertArrayEquals(expected, whole.data);
      assertEquals(List.of(ChunkTypes.OFFSET_DATA), whole.chunkTypes);
    }
  }

  @Test
  void errorsOfStructuredRepliesHaveAText() throws IOException {
    try (TestClient client = TestClient.on(server, "memory", Style.STRUCTURED)) {
      Answer answer = client.call(Commands.READ, 0, SIZE, 512);
      assertEquals(List.of(ChunkTypes.ERROR), answer.chunkTypes);
      assertNotEquals("", answer.message);
    }
  }

  @Test
  void anExtendedWriteNeedsItsPayloadFlag() throws IOException {
    try (TestClient client = TestClient.on(server, "memory", Style.EXTENDED)) {
      assertEquals(WireErrors.EINVAL, client.call(Commands.WRITE, 0, 0, 512).error);
      assertEquals(0, client.write(0, new byte[512]));
    }
  }

  @Test
  void aPayloadThatNoCommandTakesIsSkipped() throws IOException {
    try (TestClient client = TestClient.on(server, "memory", Style.EXTENDED)) {
      for (int command : new int[] {Commands.READ, Commands.TRIM, Commands.FLUSH, 77}) {
        assertEquals(
            WireErrors.EINVAL,
            client.call(command, CommandFlags.PAYLOAD_LEN, 0, 9000, new byte[9000]).error);
      }
      assertEquals(0, client.write(0, new byte[512]));
    }
  }

  @Test
  void misalignedRequestsAreInvalid() throws IOException {
    Backend coarse = new TestBackend(10 * 4096 + 100, 4096);
    try (NbdServer other =
            NbdServer.builder()
                .export("", coarse)
                .listenTcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .start();
        TestClient client = TestClient.on(other, "", Style.SIMPLE)) {
      assertEquals(WireErrors.EINVAL, client.call(Commands.READ, 0, 512, 4096).error);
      assertEquals(WireErrors.EINVAL, client.call(Commands.READ, 0, 0, 512).error);
      assertEquals(WireErrors.EINVAL, client.write(4096, new byte[4097]));
      assertEquals(0, client.write(4096, new byte[4096]));
      assertEquals(100, client.read(10 * 4096, 100).length);
    }
  }
}
