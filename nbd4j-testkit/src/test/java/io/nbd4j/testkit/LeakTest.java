package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import io.nbd4j.server.NbdServer;
import io.nbd4j.server.backend.MemoryBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What many connections leave behind: nothing. */
class LeakTest {

  private static final int COMMANDS = 1000;
  private static final int ACTIVATIONS = 200;
  private static final int SOCKETS = 400;
  private static final int FAILURES = 100;
  private static final int THREADS = 4;

  private static final List<String> COMMAND =
      List.of("nbdkit", "--exit-with-parent", "-s", "null", "1M");
  private static final List<String> ACTIVATION = List.of("nbdkit", "-f", "null", "1M");

  /** Without the complaint of the server that its client has gone. */
  private static final List<String> QUIET_COMMAND =
      List.of("sh", "-c", "exec \"$@\" 2> /dev/null", "sh", "nbdkit", "-s", "null", "1M");

  /** One connection from its beginning to its end; the number tells what sort. */
  @FunctionalInterface
  private interface Round {
    void run(int number) throws Exception;
  }

  /** Runs rounds on several threads, twice: what the first few leave is Java's own. */
  private static void assertNothingIsLeft(int rounds, Round round) throws Exception {
    run(2 * THREADS, round);
    Footprint before = Footprint.now();
    run(rounds, round);
    before.awaitAgain();
  }

  private static void run(int rounds, Round round) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Callable<Boolean>> shares = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        int first = thread;
        shares.add(() -> {
          for (int number = first; number < rounds; number += THREADS) {
            round.run(number);
          }
          return true;
        });
      }
      for (Future<Boolean> share : threads.invokeAll(shares)) {
        share.get();
      }
    }
  }

  private static void use(NbdHandle handle) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(512);
    handle.pread(buffer, 0);
    assertEquals(512, buffer.position());
  }

  @Test
  @Timeout(value = 3, unit = TimeUnit.MINUTES)
  @RequiresPeer("nbdkit")
  void commandsLeaveNothing() throws Exception {
    assertNothingIsLeft(
        COMMANDS,
        number -> {
          try (NbdHandle handle = new NbdHandle()) {
            switch (number % 4) {
              case 0 -> {
                handle.connectCommand(COMMAND);
                use(handle);
                handle.shutdown();
                assertTrue(handle.aioIsClosed(), handle::connectionState);
              }
              case 1 -> {
                handle.connectCommand(COMMAND);
                use(handle);
              }
              case 2 -> handle.connectCommand(COMMAND);
              // Closed in the midst of the handshake.
              default -> handle.aioConnectCommand(QUIET_COMMAND);
            }
          }
        });
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES)
  @RequiresPeer("nbdkit")
  void activationsLeaveNothing() throws Exception {
    assertNothingIsLeft(
        ACTIVATIONS,
        number -> {
          try (NbdHandle handle = new NbdHandle()) {
            if (number % 2 == 0) {
              handle.connectSystemdSocketActivation(ACTIVATION);
              use(handle);
            } else {
              handle.aioConnectSystemdSocketActivation(ACTIVATION);
            }
          }
        });
  }

  @Test
  void socketsLeaveNothing() throws Exception {
    try (NbdServer server =
        NbdServer.builder()
            .export("", new MemoryBackend(1 << 20))
            .listenTcp(Loopback.IPV4.port(0))
            .start()) {
      String uri = server.uris().getFirst();
      String refused = uri.replaceFirst(":[0-9]+/", ":1/");
      assertNothingIsLeft(
          SOCKETS,
          number -> {
            try (NbdHandle handle = new NbdHandle()) {
              switch (number % 4) {
                case 0 -> {
                  handle.connectUri(uri);
                  use(handle);
                  handle.shutdown();
                }
                case 1 -> {
                  handle.connectUri(uri);
                  use(handle);
                }
                case 2 -> handle.aioConnectUri(uri);
                default -> assertThrows(NbdException.class, () -> handle.connectUri(refused));
              }
            }
          });
      Deadline.await("the server has forgotten them", () -> server.connections() == 0);
    }
  }

  @Test
  void failuresLeaveNothing() throws Exception {
    assertNothingIsLeft(
        FAILURES,
        number -> {
          try (NbdHandle handle = new NbdHandle()) {
            handle.setSubprocessGrace(Duration.ofMillis(10));
            switch (number % 4) {
              case 0 ->
                  assertThrows(
                      NbdException.class, () -> handle.connectCommand(List.of("nosuchprogram")));
              case 1 ->
                  assertThrows(NbdException.class, () -> handle.connectCommand(List.of("false")));
              case 2 ->
                  assertThrows(
                      NbdException.class,
                      () -> handle.connectSystemdSocketActivation(List.of("nosuchprogram")));
              default -> handle.aioConnectCommand(List.of("sleep", "600"));
            }
          }
        });
  }
}
