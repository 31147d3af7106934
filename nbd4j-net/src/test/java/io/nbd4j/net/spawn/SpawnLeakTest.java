package io.nbd4j.net.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.nbd4j.net.posix.PosixException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SpawnLeakTest {

  private static final int ROUNDS = 200;

  @BeforeEach
  void everythingIsLoaded() throws IOException {
    command();
    activation();
    failure();
  }

  @Test
  void commandsLeaveNothingBehind() throws IOException {
    assertNothingIsLeft(this::command);
  }

  @Test
  void activatedServersLeaveNothingBehind() throws IOException {
    assertNothingIsLeft(this::activation);
  }

  @Test
  void failuresLeaveNothingBehind() throws IOException {
    assertNothingIsLeft(this::failure);
  }

  private interface Round {
    /** Returns the number of the process that it started and waited for, 0 for none. */
    long run() throws IOException;
  }

  private long command() throws IOException {
    SpawnedCommand child = Spawner.command(List.of("true"));
    child.channel().close();
    Children.await(child.process());
    return child.process().pid();
  }

  private long activation() throws IOException {
    SpawnedServer child = Spawner.socketActivation(List.of("true"), "");
    Children.await(child.process());
    child.cleanup();
    return child.process().pid();
  }

  private long failure() {
    assertThrows(PosixException.class, () -> Spawner.command(List.of("/nosuch/program")));
    assertThrows(PosixException.class, () -> Spawner.socketActivation(List.of("true"), "a\0b"));
    return 0;
  }

  private static void assertNothingIsLeft(Round round) throws IOException {
    SortedMap<Integer, String> before = Children.ourDescriptors();
    Set<Path> names = abandonedNames();
    Set<Long> started = new HashSet<>();
    for (int i = 0; i < ROUNDS; i++) {
      started.add(round.run());
    }
    assertEquals(before, Children.ourDescriptors());
    for (long pid : started) {
      assertFalse(pid != 0 && isOurs(pid), "process " + pid);
    }
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    Set<Path> left = newNames(names);
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
      left = newNames(names);
    }
    assertEquals(Set.of(), left);
  }

  private static boolean isOurs(long pid) {
    return ProcessHandle.current().children().anyMatch(child -> child.pid() == pid);
  }

  private static Set<Path> newNames(Set<Path> before) throws IOException {
    Set<Path> left = abandonedNames();
    left.removeAll(before);
    return left;
  }

  /**
   * The directories whose socket nobody listens on. Another program's test may have some with a
   * listener, and for a moment without.
   */
  private static Set<Path> abandonedNames() throws IOException {
    String listening = Files.readString(Path.of("/proc/net/unix"));
    try (Stream<Path> entries = Files.list(Path.of("/tmp"))) {
      return entries
          .filter(entry -> entry.getFileName().toString().matches("nbd4j[0-9]+"))
          .filter(entry -> !listening.contains(entry.resolve("sock").toString()))
          .collect(Collectors.toCollection(HashSet::new));
    }
  }
}
