package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.net.spawn.SpawnedCommand;
import io.nbd4j.net.spawn.SpawnedServer;
import io.nbd4j.net.spawn.Spawner;
import io.nbd4j.net.spawn.Subprocess;
import io.nbd4j.server.TestClient.Style;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.option.OptionCodec;
import io.nbd4j.wire.option.OptionRequest;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Servers in a process of their own, over what they inherit. */
class InheritedTest {
  private static final Duration LONGEST_EXIT = Duration.ofSeconds(30);

  /** The process: a server of one export over what the argument names. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
      try (NbdServer server =
          NbdServer.builder()
              .export("", new MemoryBackend(1 << 20))
              .log(System.err::println)
              .start()) {
        if (arguments[0].equals("stdio")) {
          server.serveStdio();
        } else {
          server.serveInherited();
        }
      }
    }
  }

  private static List<String> command(String what) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        Main.class.getName(),
        what);
  }

  private static void converse(TestClient client) throws IOException {
    client.greet();
    client.negotiate(Style.STRUCTURED);
    client.go("");
    byte[] data = {5, 6, 7};
    assertEquals(0, client.write(1000, data));
    assertArrayEquals(data, client.read(1000, 3));
    assertEquals(100_000, client.read(0, 100_000).length);
    client.request(Commands.DISC, 0, 0, 0);
  }

  private static void kill(Subprocess process) throws IOException {
    if (process.exitStatus() == null) {
      process.kill(9);
      assertExits(process);
    }
  }

  private static void assertExits(Subprocess process) {
    assertTrue(process.awaitExit(LONGEST_EXIT), process::describe);
  }

  @Test
  void standardInputMayBeASocket() throws Exception {
    SpawnedCommand child = Spawner.command(command("stdio"));
    try (TestClient client = new TestClient(child.channel())) {
      converse(client);
      client.assertClosed();
      assertExits(child.process());
    } finally {
      kill(child.process());
    }
  }

  @Test
  void standardInputAndOutputMayBePipes() throws Exception {
    Process child =
        new ProcessBuilder(command("stdio")).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try {
      assertEquals(18, child.getInputStream().readNBytes(18).length);
      ByteBuffer request = ByteBuffer.allocate(200);
      request.putInt(3).put(OptionCodec.encode(new OptionRequest.ExportName("")));
      // A read of 8 bytes at 16, and a goodbye.
      request.putInt(0x25609513).putInt(Commands.READ).putLong(77).putLong(16).putInt(8);
      request.putInt(0x25609513).putInt(Commands.DISC).putLong(78).putLong(0).putInt(0);
      child.getOutputStream().write(request.array(), 0, request.position());
      child.getOutputStream().flush();
      byte[] replies = child.getInputStream().readAllBytes();
      assertEquals(10 + 16 + 8, replies.length);
      assertEquals(1 << 20, ByteBuffer.wrap(replies).getLong());
      assertEquals(77, ByteBuffer.wrap(replies).getLong(10 + 8));
      assertTrue(child.waitFor(LONGEST_EXIT.toSeconds(), TimeUnit.SECONDS));
      assertEquals(0, child.exitValue());
    } finally {
      child.destroyForcibly();
    }
  }

  @Test
  void aSocketOfSystemdIsServedClientAfterClient() throws Exception {
    SpawnedServer child = Spawner.socketActivation(command("activation"), "");
    try {
      for (int i = 0; i < 2; i++) {
        try (TestClient client = new TestClient(UnixDomainSocketAddress.of(child.socket()))) {
          converse(client);
          client.assertClosed();
        }
      }
    } finally {
      kill(child.process());
      child.cleanup();
    }
  }

  @Test
  void onlyOneSocketForThisProcessIsTaken() {
    assertDoesNotThrow(() -> Activation.check(Map.of("LISTEN_PID", "42", "LISTEN_FDS", "1"), 42));
    List<Map<String, String>> wrong =
        List.of(
            Map.of(),
            Map.of("LISTEN_PID", "42"),
            Map.of("LISTEN_FDS", "1"),
            Map.of("LISTEN_PID", "43", "LISTEN_FDS", "1"),
            Map.of("LISTEN_PID", "", "LISTEN_FDS", "1"),
            Map.of("LISTEN_PID", "42", "LISTEN_FDS", "0"),
            Map.of("LISTEN_PID", "42", "LISTEN_FDS", "2"));
    for (Map<String, String> environment : wrong) {
      assertThrows(
          IOException.class, () -> Activation.check(environment, 42), environment::toString);
    }
  }

  @Test
  void aProcessWithoutActivationIsTold() throws Exception {
    try (NbdServer server = NbdServer.builder().export("", new MemoryBackend(1)).start()) {
      IOException e = assertThrows(IOException.class, server::serveInherited);
      assertTrue(e.getMessage().contains("LISTEN_PID"), e.getMessage());
    }
  }
}
