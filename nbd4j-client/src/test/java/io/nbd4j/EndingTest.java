package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.model.ShutdownFlag;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.Caller;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer.Request;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How connections end, in order and otherwise. */
final class EndingTest {

  private static final Export EXPORT = Export.of(1 << 30);

  private static ByteBuffer bytes() {
    return ByteBuffer.allocate(16);
  }

  private static void pollToTheEnd(NbdHandle handle) throws NbdException {
    while (!handle.aioIsClosed() && !handle.aioIsDead()) {
      handle.poll(-1);
    }
  }

  @Test
  void shutdownDisconnects() throws Exception {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              Request request = peer.expectRequest(DISC);
              assertEquals(0, request.offset() | request.length() | request.flags());
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      handle.shutdown();
      server.join();
      assertTrue(handle.aioIsClosed());
      assertEquals(0, handle.aioInFlight());
      fails(
          Errno.EINVAL,
          "nbd_pread: invalid state: CLOSED: the handle must be connected with the server",
          () -> handle.pread(bytes(), 0));
    }
  }

  @Test
  void theDisconnectRequestCountsUntilTheEnd() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch counted = new CountDownLatch(1);
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              Request flush = peer.expectRequest(FLUSH);
              peer.expectRequest(DISC);
              arrived.countDown();
              counted.await();
              peer.send(peer.success(flush));
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      long cookie = handle.aioFlush();
      handle.aioDisconnect();
      arrived.await();
      assertEquals(2, handle.aioInFlight());
      assertTrue(handle.aioIsReady(), "it is still connected");
      counted.countDown();
      while (!handle.aioCommandCompleted(cookie)) {
        handle.poll(-1);
      }
      pollToTheEnd(handle);
      assertEquals(0, handle.aioInFlight());
    }
  }

  @Test
  void shutdownFlagsAreChecked() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      fails(
          Errno.EINVAL,
          "nbd_shutdown: flags: invalid value for flag: 0x1",
          () -> handle.shutdown(1));
      assertTrue(handle.aioIsReady());
    }
  }

  @Test
  void whatWasAskedBeforeShutdownIsAnswered() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              Request first = peer.readRequest();
              Request second = peer.readRequest();
              Request third = peer.readRequest();
              peer.expectRequest(DISC);
              peer.send(peer.success(second), peer.failure(third, 28, ""));
              peer.send(peer.success(first));
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer first = ByteBuffer.allocate(16);
      long one = handle.aioPread(first, 0);
      long two = handle.aioFlush();
      long three = handle.aioTrim(1, 0);
      handle.shutdown();
      assertTrue(handle.aioCommandCompleted(one));
      assertTrue(handle.aioCommandCompleted(two));
      fails(
          Errno.ENOSPC,
          "nbd_aio_command_completed: trim: command failed",
          () -> handle.aioCommandCompleted(three));
      assertArrayEquals(Export.content(0, 16), first.array());
    }
  }

  @Test
  void whatTheServerLeavesUnansweredIsStranded() throws IOException {
    for (boolean disconnects : new boolean[] {true, false}) {
      try (ScriptedServer server =
              ScriptedServer.start(peer -> {
                peer.greet(EXPORT);
                peer.send(peer.success(peer.readRequest()));
                peer.readRequest();
                peer.readRequest();
              });
          NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        List<Integer> errors = new ArrayList<>();
        long answered = handle.aioPread(bytes(), 0);
        long stranded = handle.aioPread(bytes(), 0);
        if (disconnects) {
          handle.aioDisconnect();
          assertTrue(handle.aioInFlight() >= 1, "the disconnect request counts");
        } else {
          handle.aioFlush(error -> errors.add(error));
        }
        pollToTheEnd(handle);
        assertTrue(handle.aioIsClosed(), "the end came between two replies");
        assertEquals(0, handle.aioInFlight());
        assertTrue(handle.aioCommandCompleted(answered));
        fails(
            Errno.ENOTCONN,
            "nbd_aio_command_completed: read: command failed",
            () -> handle.aioCommandCompleted(stranded));
        assertEquals(disconnects ? List.of() : List.of(Errno.ENOTCONN), errors);
      }
    }
  }

  @Test
  void aBlockingCallIsStrandedAsWell() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              peer.readRequest();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer buffer = bytes();
      fails(Errno.ENOTCONN, "nbd_pread: read: command failed", () -> handle.pread(buffer, 0));
      assertEquals(0, buffer.position());
      assertEquals(16, buffer.limit());
      assertTrue(handle.aioIsClosed());
    }
  }

  /** The cut falls into the header, between header and data, and into the data. */
  @ParameterizedTest
  @ValueSource(ints = {1, 15, 16, 17, 31})
  void anEndInTheMiddleOfAReplyIsDeadly(int length) throws IOException {
    try (ScriptedServer server = cutting(length);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer buffer = bytes();
      NbdException failure =
          fails(
              0,
              "nbd_pread: recv: server disconnected unexpectedly",
              () -> handle.pread(buffer, 0));
      assertEquals(NbdException.Kind.PROTOCOL, failure.kind());
      assertEquals(0, buffer.position());
      assertEquals(16, buffer.limit());
      assertTrue(handle.aioIsDead());
      fails(
          Errno.EINVAL,
          "nbd_pread: invalid state: DEAD: the handle must be connected with the server",
          () -> handle.pread(buffer, 0));
    }
    try (ScriptedServer server = cutting(length);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      List<Integer> errors = new ArrayList<>();
      long kept = handle.aioPread(bytes(), 0);
      handle.aioPread(bytes(), 0, error -> errors.add(error));
      fails(0, "nbd_poll: recv: server disconnected unexpectedly", () -> pollToTheEnd(handle));
      assertTrue(handle.aioIsDead());
      assertEquals(List.of(Errno.ENOTCONN), errors);
      fails(Errno.ENOTCONN, () -> handle.aioCommandCompleted(kept));
    }
  }

  private static ScriptedServer cutting(int length) {
    return ScriptedServer.start(peer -> {
      peer.greet(EXPORT);
      byte[] reply = peer.success(peer.readRequest()).toArray();
      peer.send(new Bytes().put(Arrays.copyOf(reply, length)));
      peer.shutdownOutput();
      peer.awaitEnd();
    });
  }

  @Test
  void brokenRepliesAreDeadly() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              peer.readRequest();
              peer.send(new Bytes().text("garbage instead of a reply"));
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      NbdException failure = assertThrows(NbdException.class, handle::flush);
      assertTrue(failure.text().startsWith("nbd_flush: invalid or unexpected reply magic"));
      assertEquals(NbdException.Kind.PROTOCOL, failure.kind());
      assertTrue(handle.aioIsDead());
    }
  }

  /**
   * The server reads nothing until the client has given up what it had not begun to send; then it
   * gets all of the first write, and the disconnect request.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shutdownMayAbandonWhatWasNotSent(boolean disconnectedBefore) throws Exception {
    CountDownLatch abandoned = new CountDownLatch(2);
    byte[] content = new byte[16 << 20];
    new Random(3).nextBytes(content);
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              abandoned.await();
              Request first = peer.expectRequest(WRITE);
              assertArrayEquals(content, first.payload().toArray());
              peer.send(peer.success(first));
              peer.expectRequest(DISC);
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      List<String> events = Collections.synchronizedList(new ArrayList<>());
      handle.aioPwrite(ByteBuffer.wrap(content), 0, error -> events.add("first " + error));
      assertTrue(handle.aioIsProcessing());
      handle.aioPwrite(
          bytes(),
          0,
          error -> {
            abandoned.countDown();
            return events.add("second " + error);
          });
      handle.aioFlush(error -> {
        abandoned.countDown();
        return events.add("third " + error);
      });
      if (disconnectedBefore) {
        handle.aioDisconnect();
      }
      try (Caller<Boolean> caller =
          Caller.start(() -> {
            handle.shutdown(ShutdownFlag.ABANDON_PENDING);
            return true;
          })) {
        assertTrue(caller.get());
      }
      assertTrue(handle.aioIsClosed());
      assertEquals(
          List.of("second " + Errno.ENOTCONN, "third " + Errno.ENOTCONN, "first 0"), events);
      server.join();
    }
  }

  @Test
  void aHandleCanBeClosedInAnyStateAndTwice() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(peer -> peer.awaitEnd())) {
      NbdHandle fresh = new NbdHandle();
      fresh.close();
      fresh.close();
      NbdHandle connecting = new NbdHandle();
      connecting.aioConnectUnix(server.socket());
      connecting.close();
      connecting.close();
      fails(Errno.EINVAL, () -> connecting.pread(bytes(), 0));
    }
  }

  @Test
  void closeCompletesWhatIsInFlight() throws IOException {
    List<Integer> errors = new ArrayList<>();
    try (ScriptedServer server =
        ScriptedServer.start(peer -> {
          peer.greet(EXPORT);
          peer.awaitEnd();
        })) {
      NbdHandle handle = new NbdHandle();
      handle.connectUnix(server.socket());
      handle.aioFlush(error -> errors.add(error));
      handle.aioPread(bytes(), 0, error -> errors.add(error));
      handle.close();
      assertEquals(List.of(Errno.ENOTCONN, Errno.ENOTCONN), errors);
    }
  }

  /** After enough calls in a row a lone caller waits in the kernel; both ways must end. */
  @ParameterizedTest
  @ValueSource(ints = {0, 20})
  void closeEndsABlockedCall(int callsBefore) throws Exception {
    for (Thread.Builder builder :
        List.<Thread.Builder>of(Thread.ofPlatform().daemon(), Thread.ofVirtual())) {
      CountDownLatch asked = new CountDownLatch(1);
      try (ScriptedServer server =
          ScriptedServer.start(peer -> {
            peer.greet(EXPORT);
            for (int i = 0; i < callsBefore; i++) {
              peer.send(peer.success(peer.readRequest()));
            }
            peer.readRequest();
            asked.countDown();
            peer.awaitEnd();
          })) {
        NbdHandle handle = new NbdHandle();
        ByteBuffer buffer = bytes();
        try (Caller<NbdException> caller =
            Caller.start(
                () -> {
                  handle.connectUnix(server.socket());
                  for (int i = 0; i < callsBefore; i++) {
                    handle.pread(bytes(), 0);
                  }
                  return assertThrows(NbdException.class, () -> handle.pread(buffer, 0));
                },
                builder)) {
          asked.await();
          handle.close();
          NbdException failure = caller.get();
          assertEquals("ENOTCONN", Errno.name(failure.errno()), failure.getMessage());
        }
        assertEquals(0, buffer.position());
        assertTrue(handle.aioIsClosed() || handle.aioIsDead());
        assertFalse(handle.aioIsReady());
      }
    }
  }

  @Test
  void closeEndsABlockedConnect() throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    try (ScriptedServer server =
        ScriptedServer.start(peer -> {
          connected.countDown();
          peer.awaitEnd();
        })) {
      NbdHandle handle = new NbdHandle();
      try (Caller<NbdException> caller =
          Caller.start(
              () -> assertThrows(NbdException.class, () -> handle.connectUnix(server.socket())))) {
        connected.await();
        handle.close();
        assertTrue(caller.get().text().startsWith("nbd_connect_unix: "));
      }
    }
  }

  @Test
  void shutdownWhileNegotiatingAborts() throws Exception {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.begin();
              assertFalse(peer.negotiate(EXPORT));
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.setOptMode(true);
      handle.connectUnix(server.socket());
      handle.shutdown();
      assertTrue(handle.aioIsClosed());
      server.join();
    }
  }
}
