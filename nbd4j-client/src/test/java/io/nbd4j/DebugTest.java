package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.ApiCall;
import io.nbd4j.model.Errno;
import io.nbd4j.script.Export;
import io.nbd4j.script.ScriptedServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Debug messages, which nobody gets who did not ask. */
final class DebugTest {

  @Test
  void messagesNameTheCall() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20));
        NbdHandle handle = new NbdHandle()) {
      List<String> contexts = Collections.synchronizedList(new ArrayList<>());
      List<String> messages = Collections.synchronizedList(new ArrayList<>());
      handle.setDebugCallback((context, message) -> {
        contexts.add(context);
        messages.add(message);
      });
      handle.setDebug(true);
      assertTrue(handle.getDebug());
      handle.connectUnix(server.socket());
      fails(Errno.EINVAL, () -> handle.pread(ByteBuffer.allocate(1), 1 << 20));
      handle.pread(ByteBuffer.allocate(1), 0);
      assertTrue(contexts.contains("nbd_connect_unix"), contexts::toString);
      assertTrue(contexts.contains("nbd_pread"), contexts::toString);
      for (String context : contexts) {
        assertTrue(ApiCall.find(context).isPresent(), context);
      }
      for (String message : messages) {
        assertFalse(message.isBlank());
        assertEquals(1, message.lines().count(), message);
      }
      assertTrue(
          messages.stream().anyMatch(message -> message.contains("request out of bounds")),
          messages::toString);
      handle.setDebug(false);
      assertFalse(handle.getDebug());
      int before = messages.size();
      handle.flush();
      assertEquals(before, messages.size());
    }
  }

  @Test
  void aCallbackThatFailsDisturbsNothing() throws IOException {
    PrintStream stderr = System.err;
    ByteArrayOutputStream captured = new ByteArrayOutputStream();
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20));
        NbdHandle handle = new NbdHandle()) {
      System.setErr(new PrintStream(captured, true, StandardCharsets.UTF_8));
      handle.setDebug(true);
      handle.setDebugCallback((context, message) -> {
        throw new IllegalStateException("no");
      });
      handle.connectUnix(server.socket());
      handle.flush();
      assertTrue(handle.aioIsReady());
    } finally {
      System.setErr(stderr);
    }
  }

  @Test
  void withoutACallbackMessagesGoToStandardError() throws IOException {
    PrintStream stderr = System.err;
    ByteArrayOutputStream captured = new ByteArrayOutputStream();
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20));
        NbdHandle handle = new NbdHandle()) {
      System.setErr(new PrintStream(captured, true, StandardCharsets.UTF_8));
      handle.setHandleName("mine");
      handle.setDebugCallback((context, message) -> {
        throw new AssertionError("this callback is cleared before any message");
      });
      handle.clearDebugCallback();
      handle.clearDebugCallback();
      handle.setDebug(true);
      handle.connectUnix(server.socket());
      handle.shutdown();
    } finally {
      System.setErr(stderr);
    }
    List<String> lines = captured.toString(StandardCharsets.UTF_8).lines().toList();
    assertFalse(lines.isEmpty());
    for (String line : lines) {
      assertTrue(line.matches("libnbd: debug: mine: nbd_[a-z_0-9]+: .+"), line);
    }
  }
}
