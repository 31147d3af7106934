package io.nbd4j.net.posix;

import static io.nbd4j.net.posix.Processes.INHERIT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.net.spawn.Children;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessesTest {

  private static final List<String> SLEEP = List.of("sleep", "60");

  @TempDir Path directory;

  /** Waits without reaping, then reaps. */
  private static int end(long pid) throws PosixException {
    ProcessHandle.of(pid).orElseThrow().onExit().join();
    return Processes.reap(pid).orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void childHasTheDescriptorsGivenAndNoOthers(boolean closeFrom) throws IOException {
    int zero = Descriptors.open("/dev/zero");
    // Not closed on exec: only the file actions keep it from the child.
    int inheritable = 900;
    Descriptors.duplicateTo(zero, inheritable);
    try {
      long pid = Processes.spawn(closeFrom, SLEEP, Environment.current(), zero, INHERIT, zero);
      try {
        SortedMap<Integer, String> theirs = Children.settledDescriptors(pid, Set.of(0, 1, 2));
        assertEquals(Set.of(0, 1, 2), theirs.keySet());
        assertEquals("/dev/zero", theirs.get(0));
        assertEquals("/dev/zero", theirs.get(2));
      } finally {
        Processes.kill(pid, 9);
        end(pid);
      }
    } finally {
      Descriptors.close(zero);
      Descriptors.close(inheritable);
    }
  }

  @Test
  void descriptorThatIsAlreadyInPlaceIsInherited() throws IOException {
    int zero = Descriptors.open("/dev/zero");
    int[] descriptors = new int[zero + 1];
    Arrays.fill(descriptors, INHERIT);
    descriptors[zero] = zero;
    long pid = Processes.spawn(SLEEP, Environment.current(), descriptors);
    try {
      Path theirs = Path.of("/proc/" + pid + "/fd/" + zero);
      assertEquals("/dev/zero", Files.readSymbolicLink(theirs).toString());
    } finally {
      Descriptors.close(zero);
      Processes.kill(pid, 9);
      end(pid);
    }
  }

  @Test
  void descriptorThatWouldBeOverwrittenIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> Processes.spawn(List.of("true"), List.of(), 1, 0));
  }

  @Test
  void childHasExactlyTheEnvironmentGiven() throws IOException {
    Path file = directory.resolve("report");
    byte[] latin1 = "B=\u00e9".getBytes(StandardCharsets.ISO_8859_1);
    long pid =
        Processes.spawn(
            List.of("sh", "-c", "cat /proc/$$/environ > " + file),
            List.of("A=1 2".getBytes(StandardCharsets.US_ASCII), latin1),
            INHERIT,
            INHERIT,
            INHERIT);
    assertEquals(0, end(pid));
    assertArrayEquals(
        "A=1 2\0B=\u00e9\0".getBytes(StandardCharsets.ISO_8859_1), Files.readAllBytes(file));
  }

  @Test
  void currentEnvironmentIsJavas() {
    List<String> variables =
        Environment.current().stream()
            .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
            .toList();
    assertTrue(variables.contains("PATH=" + System.getenv("PATH")), variables.toString());
    assertEquals(System.getenv().size(), variables.size());
  }

  @Test
  void runningChildIsNotReapedAndAReapedOneIsGone() throws IOException {
    long pid = Processes.spawn(SLEEP, Environment.current(), INHERIT, INHERIT, INHERIT);
    assertEquals(OptionalInt.empty(), Processes.reap(pid));
    Processes.kill(pid, 9);
    assertEquals(9, end(pid));
    assertEquals(
        PosixException.ECHILD,
        assertThrows(PosixException.class, () -> Processes.reap(pid)).errno());
    assertEquals(
        PosixException.ESRCH,
        assertThrows(PosixException.class, () -> Processes.kill(pid, 0)).errno());
  }

  @Test
  void nulCharacterInAVariableIsRefused() {
    PosixException e =
        assertThrows(
            PosixException.class,
            () -> Processes.spawn(List.of("true"), List.of(new byte[] {'A', '=', 0})));
    assertEquals(PosixException.EINVAL, e.errno());
  }
}
