package io.nbd4j.server.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.wire.WireErrors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBackendTest {
  private static final int SIZE = 1_000_003;

  @TempDir private Path directory;
  private final byte[] content = new byte[SIZE];
  private Path file;

  @BeforeEach
  void write() throws IOException {
    new SplittableRandom(5).nextBytes(content);
    file = Files.write(directory.resolve("file"), content);
  }

  @Test
  void itReadsAndWritesTheFile() throws Exception {
    try (Backend backend = FileBackend.open(file)) {
      assertEquals(SIZE, backend.size());
      ByteBuffer target = ByteBuffer.allocate(SIZE - 7);
      backend.read(target, 7);
      assertArrayEquals(Arrays.copyOfRange(content, 7, SIZE), target.array());
      backend.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 500, false);
      backend.write(ByteBuffer.wrap(new byte[] {4}), SIZE - 1, true);
      backend.flush();
    }
    byte[] after = Files.readAllBytes(file);
    assertEquals(2, after[501]);
    assertEquals(4, after[SIZE - 1]);
    assertEquals(SIZE, after.length);
  }

  @Test
  void zeroesAreWrittenAndNotFast() throws Exception {
    try (Backend backend = FileBackend.open(file)) {
      backend.zero(10, 900_000, new ZeroOptions(true, false, true));
      BackendException slow =
          assertThrows(
              BackendException.class,
              () -> backend.zero(0, 10, new ZeroOptions(true, true, false)));
      assertEquals(WireErrors.ENOTSUP, slow.error());
    }
    Arrays.fill(content, 10, 900_010, (byte) 0);
    assertArrayEquals(content, Files.readAllBytes(file));
  }

  @Test
  void readingOnlyLeavesNoWayToWrite() throws Exception {
    try (Backend backend = FileBackend.openReadOnly(file)) {
      assertFalse(backend.capabilities().contains(Capability.WRITE));
      assertThrows(RuntimeException.class, () -> backend.write(ByteBuffer.allocate(1), 0, false));
    }
    assertArrayEquals(content, Files.readAllBytes(file));
  }

  @Test
  void aFileThatBecameShorterFailsToRead() throws Exception {
    try (Backend backend = FileBackend.open(file)) {
      Files.write(file, new byte[10]);
      IOException e =
          assertThrows(IOException.class, () -> backend.read(ByteBuffer.allocate(100), 0));
      assertTrue(e.getMessage().contains("shorter"), e.getMessage());
      assertEquals(SIZE, backend.size());
    }
  }

  @Test
  void onlyRegularFilesAreOpened() {
    assertThrows(IOException.class, () -> FileBackend.open(directory));
    assertThrows(NoSuchFileException.class, () -> FileBackend.open(directory.resolve("missing")));
  }

  @Test
  void aClosedBackendReadsNothing() throws Exception {
    Backend backend = FileBackend.open(file);
    backend.close();
    assertThrows(ClosedChannelException.class, () -> backend.read(ByteBuffer.allocate(1), 0));
  }
}
