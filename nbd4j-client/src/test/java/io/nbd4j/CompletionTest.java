package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.CommandFlags;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer.Request;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Asynchronous commands from their cookie to their retirement. */
final class CompletionTest {

  private static final Export EXPORT = Export.of(1 << 20).structured();

  /** Trims end with EIO, everything else well. */
  private static ScriptedServer halfBroken() {
    return ScriptedServer.start(peer -> {
      peer.greet(EXPORT);
      for (Request request = peer.nextRequest();
          request != null && request.type() != DISC;
          request = peer.nextRequest()) {
        peer.send(request.type() == TRIM ? peer.failure(request, 5, "no") : peer.success(request));
      }
    });
  }

  private static void drain(NbdHandle handle) throws NbdException {
    while (handle.aioInFlight() > 0) {
      assertEquals(1, handle.poll(-1));
    }
  }

  private static ByteBuffer bytes() {
    return ByteBuffer.allocate(16);
  }

  @Test
  void cookiesAreKnownUntilTheyAreRetired() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      assertEquals(0, handle.aioInFlight());
      fails(
          Errno.EINVAL,
          "nbd_aio_peek_command_completed: no commands are in flight",
          handle::aioPeekCommandCompleted);
      assertEquals(1, handle.aioPread(bytes(), 0));
      assertEquals(2, handle.aioTrim(512, 0));
      assertEquals(3, handle.aioFlush());
      drain(handle);
      assertEquals(1, handle.aioPeekCommandCompleted());
      assertTrue(handle.aioCommandCompleted(1));
      assertFalse(handle.aioCommandCompleted(1), "it is retired");
      assertEquals(2, handle.aioPeekCommandCompleted());
      assertTrue(handle.aioCommandCompleted(3));
      assertEquals(2, handle.aioPeekCommandCompleted());
      NbdException failure =
          fails(
              Errno.EIO,
              "nbd_aio_command_completed: trim: command failed",
              () -> handle.aioCommandCompleted(2));
      assertEquals("no", failure.serverText());
      assertFalse(handle.aioCommandCompleted(2), "it is retired");
      assertFalse(handle.aioCommandCompleted(99), "unknown");
      fails(
          Errno.EINVAL,
          "nbd_aio_command_completed: invalid aio cookie 0",
          () -> handle.aioCommandCompleted(0));
      fails(Errno.EINVAL, handle::aioPeekCommandCompleted);
      handle.flush();
      assertEquals(5, handle.aioFlush(), "blocking commands have cookies as well");
      drain(handle);
    }
  }

  @Test
  void inFlightCountsWhatIsNotAnswered() throws Exception {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              Request first = peer.readRequest();
              Request second = peer.readRequest();
              Request third = peer.readRequest();
              peer.send(peer.success(second));
              Request fourth = peer.readRequest();
              peer.send(peer.success(fourth), peer.success(third), peer.success(first));
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      for (int i = 1; i <= 3; i++) {
        handle.aioPread(bytes(), 0);
        assertEquals(i, handle.aioInFlight());
      }
      assertEquals(0, handle.aioPeekCommandCompleted());
      assertFalse(handle.aioCommandCompleted(2));
      while (!handle.aioCommandCompleted(2)) {
        handle.poll(-1);
      }
      assertEquals(2, handle.aioInFlight());
      assertEquals(0, handle.aioPeekCommandCompleted());
      handle.aioFlush();
      drain(handle);
      assertEquals(4, handle.aioPeekCommandCompleted(), "the first to end");
    }
  }

  @Test
  void trueRetiresAndFalseKeeps() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      List<Integer> errors = new ArrayList<>();
      CompletionCallback retiring = error -> errors.add(error);
      CompletionCallback keeping = error -> !errors.add(error);
      long retired = handle.aioPread(bytes(), 0, retiring);
      long kept = handle.aioPread(bytes(), 0, keeping);
      long failedRetired = handle.aioTrim(1, 0, retiring);
      long failedKept = handle.aioTrim(1, 0, keeping);
      drain(handle);
      assertEquals(List.of(0, 0, Errno.EIO, Errno.EIO), errors);
      assertFalse(handle.aioCommandCompleted(retired));
      assertFalse(handle.aioCommandCompleted(failedRetired));
      assertEquals(kept, handle.aioPeekCommandCompleted());
      assertTrue(handle.aioCommandCompleted(kept));
      fails(Errno.EIO, () -> handle.aioCommandCompleted(failedKept));
      fails(Errno.EINVAL, handle::aioPeekCommandCompleted);
    }
  }

  @Test
  void anExceptionReplacesTheError() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      CompletionCallback tooBig =
          error -> {
            throw new NbdException(Errno.EFBIG, "mine");
          };
      CompletionCallback silent =
          error -> {
            throw new NbdException(0, "nothing to say");
          };
      CompletionCallback accident =
          error -> {
            throw new IllegalStateException("oops");
          };
      long good = handle.aioPread(bytes(), 0, tooBig);
      long bad = handle.aioTrim(1, 0, tooBig);
      long silentGood = handle.aioPread(bytes(), 0, silent);
      long silentBad = handle.aioTrim(1, 0, silent);
      long accidental = handle.aioPread(bytes(), 0, accident);
      drain(handle);
      NbdException replaced =
          fails(
              Errno.EFBIG,
              "nbd_aio_command_completed: read: command failed",
              () -> handle.aioCommandCompleted(good));
      assertNotNull(replaced.getCause());
      fails(Errno.EFBIG, () -> handle.aioCommandCompleted(bad));
      assertTrue(handle.aioCommandCompleted(silentGood));
      fails(Errno.EIO, () -> handle.aioCommandCompleted(silentBad));
      fails(Errno.EPROTO, () -> handle.aioCommandCompleted(accidental));
      assertTrue(handle.aioIsReady());
      handle.pread(bytes(), 0);
    }
  }

  @Test
  void aCallThatFailsNeverCompletes() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      AtomicInteger calls = new AtomicInteger();
      CompletionCallback counting = error -> calls.incrementAndGet() > 0;
      fails(Errno.ENOTCONN, () -> handle.aioFlush(counting));
      handle.connectUnix(server.socket());
      fails(Errno.EINVAL, () -> handle.aioPread(bytes(), 1 << 20, counting));
      fails(Errno.EINVAL, () -> handle.aioFlush(counting, CommandFlags.FUA));
      handle.aioDisconnect();
      fails(
          Errno.EINVAL,
          "nbd_aio_flush: cannot request more commands after NBD_CMD_DISC",
          () -> handle.aioFlush(counting));
      assertEquals(0, calls.get());
    }
    try (ScriptedServer server = halfBroken()) {
      AtomicInteger calls = new AtomicInteger();
      try (NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        handle.aioFlush(error -> calls.incrementAndGet() > 0);
        drain(handle);
      }
      assertEquals(1, calls.get(), "and never twice");
    }
  }

  @Test
  void piecesComeBeforeTheEnd() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      List<String> events = new ArrayList<>();
      ByteBuffer buffer = bytes();
      handle.aioPreadStructured(
          buffer,
          32,
          (subbuf, offset, status, error) -> events.add(status + " at " + offset),
          error -> events.add("end with " + error + " at " + buffer.position()),
          CommandFlags.NONE);
      drain(handle);
      assertEquals(List.of("DATA at 32", "end with 0 at 16"), events);
    }
  }

  @Test
  void aCompletionMayIssueTheNextCommand() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      int rounds = 2000;
      AtomicInteger count = new AtomicInteger();
      ByteBuffer buffer = ByteBuffer.allocateDirect(16);
      CompletionCallback[] next = new CompletionCallback[1];
      next[0] =
          error -> {
            assertEquals(0, error);
            int done = count.incrementAndGet();
            if (done < rounds) {
              handle.aioPread(buffer.clear(), done, next[0]);
            }
            return true;
          };
      handle.aioPread(buffer, 0, next[0]);
      drain(handle);
      assertEquals(rounds, count.get());
      byte[] last = new byte[16];
      buffer.get(0, last);
      assertArrayEquals(Export.content(rounds - 1, 16), last);
    }
  }

  /** Inside of a callback the handle can be used as outside, down to blocking calls. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 40})
  void aCompletionMayMakeBlockingCalls(int others) throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      List<String> events = new ArrayList<>();
      ByteBuffer inside = ByteBuffer.allocate(16);
      handle.aioFlush(error -> {
        handle.pread(inside, 640);
        fails(Errno.EIO, () -> handle.trim(1, 0));
        events.add("blocking");
        return true;
      });
      for (int i = 1; i < others; i++) {
        handle.aioPread(bytes(), i, error -> events.add("other"));
      }
      drain(handle);
      assertArrayEquals(Export.content(640, 16), inside.array());
      assertEquals(others, events.size());
      assertEquals(1, events.stream().filter("blocking"::equals).count());
      handle.pread(bytes(), 0);
    }
  }

  @Test
  void aCompletionMayPoll() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      AtomicInteger others = new AtomicInteger();
      handle.aioFlush(error -> {
        handle.aioPread(bytes(), 0, inner -> others.incrementAndGet() > 0);
        while (others.get() < 2) {
          handle.poll(-1);
        }
        return true;
      });
      handle.aioPread(bytes(), 0, error -> others.incrementAndGet() > 0);
      drain(handle);
      assertEquals(2, others.get());
    }
  }

  @Test
  void aPieceMayMakeBlockingCalls() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer outer = ByteBuffer.allocate(16);
      ByteBuffer inner = ByteBuffer.allocate(16);
      handle.preadStructured(
          outer,
          100,
          (subbuf, offset, status, error) -> {
            handle.pread(inner.clear(), 200);
            byte[] seen = new byte[subbuf.remaining()];
            subbuf.get(seen);
            assertArrayEquals(Export.content(100, 16), seen);
          });
      assertArrayEquals(Export.content(100, 16), outer.array());
      assertArrayEquals(Export.content(200, 16), inner.array());
      assertEquals(16, outer.position());
    }
  }

  @Test
  @SuppressWarnings("try") // Closing it early is the point.
  void aCompletionMayCloseTheHandle() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      List<Integer> errors = new ArrayList<>();
      handle.aioFlush(error -> {
        errors.add(error);
        handle.close();
        return true;
      });
      while (handle.aioIsReady()) {
        handle.poll(-1);
      }
      assertEquals(List.of(0), errors);
      assertTrue(handle.aioIsClosed());
    }
  }

  @Test
  void anErrorThrownByACallbackComesThroughAndTheHandleEnds() throws IOException {
    try (ScriptedServer server = halfBroken();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      handle.aioFlush(error -> {
        throw new AssertionError("a callback's own");
      });
      AssertionError thrown = assertThrows(AssertionError.class, () -> drain(handle));
      assertEquals("a callback's own", thrown.getMessage());
    }
  }
}
