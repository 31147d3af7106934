package io.nbd4j.net.spawn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** What tests do with a child, and how they look at one. */
public final class Children {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Children() {}

  /** A child that was started without {@link Spawner}. */
  public static Subprocess of(long pid, List<String> argv) {
    return new Subprocess(pid, argv);
  }

  /** Waits for the end of a child that is about to end by itself. */
  public static ExitStatus await(Subprocess process) {
    assertTrue(process.awaitExit(PATIENCE), process::describe);
    ExitStatus status = process.exitStatus();
    if (status == null) {
      throw new AssertionError("ended without a status: " + process.describe());
    }
    return status;
  }

  /** Leaves no child behind, however the test went. */
  public static void end(Subprocess process) throws IOException {
    if (process.exitStatus() == null) {
      process.kill(9);
      await(process);
    }
  }

  /** What the descriptors of a process are: paths, or kind and number, by descriptor. */
  private static SortedMap<Integer, String> descriptors(long pid) throws IOException {
    SortedMap<Integer, String> found = new TreeMap<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
      for (Path entry : entries) {
        try {
          found.put(
              Integer.valueOf(entry.getFileName().toString()),
              Files.readSymbolicLink(entry).toString());
        } catch (NoSuchFileException closed) {
          // By another thread, since the directory was read.
        }
      }
    }
    return found;
  }

  /**
   * The descriptors of a child, once it has these and no others: the dynamic linker opens one at a
   * time before the program starts. After some seconds, whatever it has.
   */
  public static SortedMap<Integer, String> settledDescriptors(long pid, Set<Integer> expected)
      throws IOException {
    long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
    SortedMap<Integer, String> found = descriptors(pid);
    while (!found.keySet().equals(expected) && System.nanoTime() < deadline) {
      Thread.onSpinWait();
      found = descriptors(pid);
    }
    return found;
  }

  /** The descriptors of this process, but for the one that reads them. */
  static SortedMap<Integer, String> ourDescriptors() throws IOException {
    long pid = ProcessHandle.current().pid();
    SortedMap<Integer, String> found = descriptors(pid);
    found.values().removeIf(("/proc/" + pid + "/fd")::equals);
    return found;
  }

  static boolean isProcess(long pid) {
    return Files.exists(Path.of("/proc", Long.toString(pid)));
  }
}
