package io.nbd4j.server.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.wire.WireErrors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryBackendTest {
  private static final int PAGE = PageTree.PAGE_SIZE;
  private static final long SEED = 31;

  private static byte[] read(Backend backend, long offset, int length) throws Exception {
    ByteBuffer target = ByteBuffer.allocateDirect(length);
    backend.read(target, offset);
    byte[] bytes = new byte[length];
    target.flip().get(bytes);
    return bytes;
  }

  /** Extents as text: "h" for a hole that reads as zeroes, "d" for data, each with its length. */
  private static String extents(Backend backend, long offset, long length) throws Exception {
    List<String> told = new ArrayList<>();
    backend.extents(
        offset,
        length,
        (extent, hole, zero) -> {
          assertEquals(hole, zero);
          return told.add((hole ? "h" : "d") + extent);
        });
    return String.join(" ", told);
  }

  @Test
  void itBehavesLikeAnArrayUnderRandomUse() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    int size = 20 * PAGE + 777;
    byte[] model = new byte[size];
    MemoryBackend backend = new MemoryBackend(size);
    for (int step = 0; step < 3000; step++) {
      String message = "step " + step + ", seed " + SEED;
      int offset = random.nextInt(size);
      int length = random.nextInt(Math.min(size - offset, 3 * PAGE) + 1);
      if (random.nextInt(4) == 0) {
        // Whole pages more often than by chance.
        offset -= offset % PAGE;
        length = Math.min(size - offset, 2 * PAGE);
      }
      switch (random.nextInt(4)) {
        case 0 -> {
          byte[] data = new byte[length];
          random.nextBytes(data);
          backend.write(ByteBuffer.wrap(data), offset, false);
          System.arraycopy(data, 0, model, offset, length);
        }
        case 1 -> {
          boolean punch = random.nextBoolean();
          backend.zero(offset, length, new ZeroOptions(punch, false, false));
          Arrays.fill(model, offset, offset + length, (byte) 0);
        }
        case 2 -> {
          backend.trim(offset, length, false);
          Arrays.fill(model, offset, offset + length, (byte) 0);
        }
        default ->
            assertArrayEquals(
                Arrays.copyOfRange(model, offset, offset + length),
                read(backend, offset, length),
                message);
      }
    }
    assertArrayEquals(model, read(backend, 0, size), "seed " + SEED);
    backend.trim(0, size, false);
    assertEquals(0, backend.stored());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, PAGE, PAGE + 1, 512L * PAGE, 512L * PAGE + 1, 1L << 50, Long.MAX_VALUE})
  void bothEndsOfAnySizeHoldData(long size) throws Exception {
    MemoryBackend backend = new MemoryBackend(size);
    backend.write(ByteBuffer.wrap(new byte[] {1}), 0, false);
    backend.write(ByteBuffer.wrap(new byte[] {2}), size - 1, false);
    assertArrayEquals(new byte[] {2}, read(backend, size - 1, 1));
    assertArrayEquals(new byte[] {(byte) (size == 1 ? 2 : 1)}, read(backend, 0, 1));
    assertTrue(backend.stored() <= 2 * PAGE, backend.stored() + " bytes");
  }

  @Test
  void extentsFollowThePages() throws Exception {
    long size = 1L << 45;
    MemoryBackend backend = new MemoryBackend(size);
    assertEquals("h" + size, extents(backend, 0, size));
    backend.write(ByteBuffer.wrap(new byte[2 * PAGE]), 3L * PAGE + 5, false);
    backend.write(ByteBuffer.wrap(new byte[1]), size - 1, false);
    assertEquals(
        "h" + 3 * PAGE + " d" + 3 * PAGE + " h" + (size - 7L * PAGE) + " d" + PAGE,
        extents(backend, 0, size));
    assertEquals("h10 d" + 3 * PAGE + " h1", extents(backend, 3L * PAGE - 10, 3 * PAGE + 11));
    assertEquals("d7", extents(backend, 4L * PAGE + 9, 7));
    backend.zero(4L * PAGE, PAGE, new ZeroOptions(true, true, false));
    assertEquals("d" + PAGE + " h" + PAGE + " d" + PAGE, extents(backend, 3L * PAGE, 3 * PAGE));
  }

  @Test
  void zeroesWithoutAHoleAreStored() throws Exception {
    MemoryBackend backend = new MemoryBackend(10 * PAGE);
    backend.zero(PAGE + 1, PAGE, new ZeroOptions(false, false, false));
    assertEquals(2 * PAGE, backend.stored());
    assertEquals("h" + PAGE + " d" + 2 * PAGE + " h" + 7 * PAGE, extents(backend, 0, 10 * PAGE));
  }

  @Test
  void aFullStoreRefusesAndTakesAgainAfterATrim() throws Exception {
    MemoryBackend backend = new MemoryBackend(100L * PAGE, 2 * PAGE);
    backend.write(ByteBuffer.wrap(new byte[2 * PAGE]), 0, false);
    BackendException full =
        assertThrows(
            BackendException.class,
            () -> backend.write(ByteBuffer.wrap(new byte[1]), 50L * PAGE, false));
    assertEquals(WireErrors.ENOSPC, full.error());
    backend.trim(0, PAGE, false);
    backend.write(ByteBuffer.wrap(new byte[1]), 50L * PAGE, false);
    assertEquals(2 * PAGE, backend.stored());
  }

  @Test
  void manyThreadsWriteTheirOwnBytesOfTheSamePages() throws Exception {
    int threads = 8;
    int size = 64 * PAGE;
    MemoryBackend backend = new MemoryBackend(size);
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        byte[] own = new byte[512];
        Arrays.fill(own, (byte) (t + 1));
        int first = t * 512;
        all.add(
            executor.submit(() -> {
              for (int at = first; at < size; at += threads * 512) {
                backend.write(ByteBuffer.wrap(own), at, false);
              }
              return null;
            }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
    byte[] content = read(backend, 0, size);
    for (int at = 0; at < size; at++) {
      assertEquals(at / 512 % threads + 1, content[at], "at " + at);
    }
    assertEquals(size, backend.stored());
  }

  @Test
  void rangesOutsideAreRefused() {
    MemoryBackend backend = new MemoryBackend(100);
    assertThrows(IndexOutOfBoundsException.class, () -> backend.read(ByteBuffer.allocate(2), 99));
    assertThrows(
        IndexOutOfBoundsException.class, () -> backend.write(ByteBuffer.allocate(1), -1, false));
    assertThrows(IndexOutOfBoundsException.class, () -> backend.trim(1, Long.MAX_VALUE, false));
    assertThrows(IllegalArgumentException.class, () -> new MemoryBackend(-1));
  }

  @Test
  void anArrayIsSharedWithItsOwner() throws Exception {
    byte[] content = new byte[1000];
    Backend backend = MemoryBackend.of(content);
    backend.write(ByteBuffer.wrap(new byte[] {1, 2}), 10, true);
    assertEquals(2, content[11]);
    content[12] = 3;
    assertArrayEquals(new byte[] {1, 2, 3}, read(backend, 10, 3));
    backend.zero(11, 989, new ZeroOptions(true, true, true));
    assertArrayEquals(new byte[] {1, 0, 0}, read(backend, 10, 3));
    assertEquals(1000, backend.size());
  }

  @Test
  void readOnlyShowsTheSameAndRefusesChanges() throws Exception {
    MemoryBackend content = new MemoryBackend(10 * PAGE);
    content.write(ByteBuffer.wrap(new byte[] {9}), 0, false);
    Backend fixed = new ReadOnly(content);
    assertEquals(content.size(), fixed.size());
    assertArrayEquals(new byte[] {9}, read(fixed, 0, 1));
    assertEquals(extents(content, 0, 10 * PAGE), extents(fixed, 0, 10 * PAGE));
    assertTrue(fixed.capabilities().contains(Capability.EXTENTS));
    assertTrue(!fixed.capabilities().contains(Capability.WRITE));
    BackendException refused =
        assertThrows(BackendException.class, () -> fixed.write(ByteBuffer.allocate(1), 0, false));
    assertEquals(WireErrors.EPERM, refused.error());
    assertThrows(
        BackendException.class, () -> fixed.zero(0, 1, new ZeroOptions(true, false, false)));
  }

  @Test
  void blockSizesHaveRules() {
    assertEquals(1 << 25, BlockSizes.DEFAULT.maximumPayload());
    int[][] wrong = {
      {0, 4096, 8192},
      {3, 4096, 8192},
      {-4096, 4096, 8192},
      {1 << 17, 1 << 17, 1 << 18},
      {1, 256, 8192},
      {4096, 512, 8192},
      {1, 4097, 8192},
      {1, 4096, 4095},
      {4096, 4096, 8193}
    };
    for (int[] sizes : wrong) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new BlockSizes(sizes[0], sizes[1], sizes[2]),
          () -> Arrays.toString(sizes));
    }
    assertEquals(65536, new BlockSizes(65536, 65536, 65536).minimum());
  }
}
