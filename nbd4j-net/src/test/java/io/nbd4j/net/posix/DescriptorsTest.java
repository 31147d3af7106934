package io.nbd4j.net.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DescriptorsTest {

  private static String target(int descriptor) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
  }

  @Test
  void copyIsTheSameFileAboveTheStandardStreams() throws IOException {
    int original = Descriptors.open("/dev/null");
    int copy = Descriptors.duplicate(original);
    int zero = Descriptors.open("/dev/zero");
    try {
      assertTrue(copy >= 3);
      assertEquals("/dev/null", target(copy));
      Descriptors.duplicateTo(zero, copy);
      assertEquals("/dev/zero", target(copy));
    } finally {
      Descriptors.close(original);
      Descriptors.close(copy);
      Descriptors.close(zero);
    }
  }

  @Test
  void failureNamesTheCallAndItsReason() {
    // Far above what this process uses, so that no other thread can have opened it.
    int closed = 9_999;
    PosixException close = assertThrows(PosixException.class, () -> Descriptors.close(closed));
    assertEquals("close: Bad file descriptor", close.getMessage());
    assertEquals(9, close.errno());
    assertEquals(
        "dup2: Bad file descriptor",
        assertThrows(PosixException.class, () -> Descriptors.duplicateTo(closed, closed + 1))
            .getMessage());
    assertEquals(
        PosixException.ENOENT,
        assertThrows(PosixException.class, () -> Descriptors.open("/nosuch")).errno());
  }
}
