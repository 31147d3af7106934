package io.nbd4j.net.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.net.posix.PosixException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubprocessTest {

  private static final Duration LONG = Duration.ofSeconds(30);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 127, 255})
  void exitStatusIsReported(int code) throws IOException {
    try (RunningCommand child = RunningCommand.start(List.of("sh", "-c", "exit " + code))) {
      ExitStatus status = Children.await(child.process());
      assertEquals(new ExitStatus(code, 0), status);
      assertEquals("exit status " + code, status.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 9, 13, 15})
  void killingSignalIsReported(int signal) throws IOException {
    try (RunningCommand child = RunningCommand.start(List.of("cat"))) {
      child.process().kill(signal);
      ExitStatus status = Children.await(child.process());
      assertEquals(new ExitStatus(0, signal), status);
      assertEquals("killed by signal " + signal, status.toString());
    }
  }

  @Test
  void reapedChildLeavesNoZombie() throws IOException {
    try (RunningCommand child = RunningCommand.start(List.of("cat"))) {
      assertNull(child.process().exitStatus());
      assertTrue(Children.isProcess(child.process().pid()));
      child.channel().shutdownOutput();
      assertTrue(child.process().awaitExit(LONG));
      assertFalse(Children.isProcess(child.process().pid()));
      assertEquals(new ExitStatus(0, 0), child.process().exitStatus(), "remembered");
      assertTrue(child.process().awaitExit(Duration.ZERO));
    }
  }

  @Test
  void endedChildStaysUntilSomebodyLooks() throws Exception {
    try (RunningCommand child = RunningCommand.start(List.of("true"))) {
      long pid = child.process().pid();
      ProcessHandle.of(pid).orElseThrow().onExit().get();
      assertTrue(Children.isProcess(pid), "a zombie keeps its number");
      child.process().kill(15);
      assertEquals(new ExitStatus(0, 0), child.process().exitStatus());
      assertFalse(Children.isProcess(pid));
    }
  }

  @Test
  void waitEndsAtItsTimeout() throws IOException {
    try (RunningCommand child = RunningCommand.start(List.of("cat"))) {
      assertFalse(child.process().awaitExit(Duration.ZERO));
      assertFalse(child.process().awaitExit(Duration.ofSeconds(-1)));
      long start = System.nanoTime();
      assertFalse(child.process().awaitExit(Duration.ofMillis(50)));
      assertTrue(System.nanoTime() - start >= Duration.ofMillis(50).toNanos());
      assertNull(child.process().exitStatus());
    }
  }

  @Test
  void interruptDoesNotEndTheWaitAndIsKept() throws IOException {
    try (RunningCommand child = RunningCommand.start(List.of("cat"))) {
      child.channel().shutdownOutput();
      Thread.currentThread().interrupt();
      boolean ended = child.process().awaitExit(LONG);
      assertTrue(Thread.interrupted());
      assertTrue(ended);
    }
  }

  @Test
  void manyThreadsSeeTheSameEnd() throws IOException, InterruptedException, ExecutionException {
    try (RunningCommand child = RunningCommand.start(List.of("sh", "-c", "read line; exit 7"));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> waits = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        waits.add(threads.submit(() -> child.process().awaitExit(LONG)));
      }
      child.channel().shutdownOutput();
      for (Future<Boolean> wait : waits) {
        assertTrue(wait.get());
      }
      assertEquals(new ExitStatus(7, 0), child.process().exitStatus());
    }
  }

  @Test
  void signalAfterTheEndFindsNoProcess() throws IOException {
    try (RunningCommand child = RunningCommand.start(List.of("true"))) {
      Children.await(child.process());
      PosixException e = assertThrows(PosixException.class, () -> child.process().kill(15));
      assertEquals("kill: No such process", e.getMessage());
      assertEquals(PosixException.ESRCH, e.errno());
    }
  }

  @Test
  void unknownSignalIsRefused() throws IOException {
    try (RunningCommand child = RunningCommand.start(List.of("cat"))) {
      PosixException e = assertThrows(PosixException.class, () -> child.process().kill(1000));
      assertEquals("kill: Invalid argument", e.getMessage());
    }
  }

  @Test
  void descriptionIsOneShortLine() {
    assertEquals(
        "nbdkit -s memory 1M",
        new Subprocess(1, List.of("nbdkit", "-s", "memory", "1M")).describe());
    assertEquals("sh -c a?b", new Subprocess(1, List.of("sh", "-c", "a\nb")).describe());
    String cut = new Subprocess(1, List.of("x".repeat(500))).describe();
    assertEquals("x".repeat(97) + "...", cut);
  }

  @Test
  void lostStatusIsSaid() {
    assertEquals("exit status unknown", ExitStatus.UNKNOWN.toString());
  }
}
