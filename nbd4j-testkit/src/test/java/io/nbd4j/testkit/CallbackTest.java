package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.server.NbdServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What callbacks may do. */
class CallbackTest {

  private static final EventLoop LOOP = new EventLoop.Polling();

  /** Who drives the connection while a callback is due. */
  enum Driver {
    POLL,
    BLOCKING_CALL,
    OTHER_THREAD
  }

  private final NbdHandle handle = new NbdHandle();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private GatedBackend backend;
  private NbdServer server;

  @BeforeEach
  void connect() throws IOException {
    backend = new GatedBackend();
    server = backend.serve();
    handle.connectUri(server.uris().getFirst());
  }

  @AfterEach
  void disconnect() throws IOException {
    backend.open();
    handle.close();
    server.close();
  }

  private void drive(Driver driver, String what, EventLoop.Condition condition) throws Exception {
    switch (driver) {
      case POLL -> LOOP.until(handle, what, condition);
      case BLOCKING_CALL ->
          Deadline.await(
              what,
              () -> {
                read(0);
                return condition.met();
              });
      case OTHER_THREAD -> {
        Crew crew = new Crew();
        crew.start(Crew.Kind.VIRTUAL, () -> LOOP.until(handle, what, condition));
        crew.join();
      }
    }
    if (failure.get() != null) {
      throw new AssertionError(failure.get());
    }
  }

  private void read(long offset) throws NbdException {
    ByteBuffer buffer = ByteBuffer.allocate(200);
    handle.pread(buffer, offset);
    for (int i = 0; i < 200; i++) {
      assertEquals(GatedBackend.byteAt(offset + i), buffer.get(i));
    }
  }

  @ParameterizedTest
  @EnumSource
  void newCommandsMayBeIssued(Driver driver) throws Exception {
    int links = 200;
    AtomicInteger ended = new AtomicInteger();
    ByteBuffer buffer = ByteBuffer.allocate(300);
    issue(buffer, ended, links);
    drive(driver, "the chain of reads", () -> ended.get() == links);
    assertEquals(0, handle.aioInFlight());
  }

  private void issue(ByteBuffer buffer, AtomicInteger ended, int links) throws NbdException {
    long offset = 1000L + ended.get();
    handle.aioPread(
        buffer.clear(),
        offset,
        error -> {
          note(() -> {
            assertEquals(0, error);
            assertEquals(GatedBackend.byteAt(offset), buffer.get(0));
          });
          if (ended.incrementAndGet() < links) {
            issue(buffer, ended, links);
          }
          return true;
        });
  }

  /** What a callback throws would be taken for the outcome of its command. */
  private void note(Runnable check) {
    try {
      check.run();
    } catch (AssertionError e) {
      failure.compareAndSet(null, e);
    }
  }

  @ParameterizedTest
  @EnumSource
  void blockingCallsMayBeMade(Driver driver) throws Exception {
    int count = 20;
    AtomicInteger ended = new AtomicInteger();
    for (int i = 0; i < count; i++) {
      long offset = 5000L + i;
      handle.aioPread(
          ByteBuffer.allocate(100),
          offset,
          error -> {
            read(offset);
            handle.pwrite(ByteBuffer.wrap(new byte[] {GatedBackend.byteAt(offset)}), offset);
            ended.incrementAndGet();
            return true;
          });
    }
    drive(driver, "the reads", () -> ended.get() == count);
  }

  @ParameterizedTest
  @EnumSource
  void blockingCallsMayBeMadeBetweenThePiecesOfARead(Driver driver) throws Exception {
    AtomicInteger pieces = new AtomicInteger();
    AtomicBoolean ended = new AtomicBoolean();
    ByteBuffer buffer = ByteBuffer.allocate(100_000);
    handle.aioPreadStructured(
        buffer,
        0,
        (piece, offset, status, error) -> {
          assertTrue(piece.isReadOnly());
          byte first = piece.get(piece.position());
          read(7000);
          note(() -> assertEquals(GatedBackend.byteAt(offset), first));
          pieces.incrementAndGet();
        },
        error -> ended.compareAndSet(false, error == 0));
    drive(driver, "the read", ended::get);
    assertTrue(pieces.get() > 0);
    for (int i = 0; i < buffer.capacity(); i++) {
      assertEquals(GatedBackend.byteAt(i), buffer.get(i), "at " + i);
    }
  }

  @Test
  void callbackRunsWithNoLockHeld() throws Exception {
    AtomicBoolean ended = new AtomicBoolean();
    handle.aioPread(
        ByteBuffer.allocate(1),
        0,
        error -> {
          // Another thread can use the handle while this one is in the callback.
          Crew crew = new Crew();
          crew.start(
              Crew.Kind.PLATFORM,
              () -> {
                handle.aioPread(ByteBuffer.allocate(1), 0);
                assertTrue(handle.aioIsReady());
                assertEquals(0, handle.aioPeekCommandCompleted());
              });
          try {
            crew.join();
          } catch (Exception e) {
            failure.set(e);
          }
          return ended.compareAndSet(false, true);
        });
    drive(Driver.POLL, "the read", ended::get);
  }

  @Test
  void exceptionReplacesTheResult() throws Exception {
    long cookie =
        handle.aioPread(
            ByteBuffer.allocate(1),
            0,
            error -> {
              throw new NbdException(Errno.ENOSPC, "from the callback");
            });
    NbdException replaced =
        assertThrows(
            NbdException.class,
            () -> LOOP.until(handle, "the read", () -> handle.aioCommandCompleted(cookie)));
    assertEquals(Errno.ENOSPC, replaced.errno());
    assertFalse(handle.aioCommandCompleted(cookie), "it was retired");
    read(0);
  }

  @ParameterizedTest
  @EnumSource
  void defectInACompletionIsTheCommandsErrorOnly(Driver driver) throws Exception {
    long cookie =
        handle.aioPread(
            ByteBuffer.allocate(1),
            0,
            error -> {
              throw new IllegalStateException("a defect of the caller's");
            });
    drive(driver, "the read", () -> handle.aioInFlight() == 0);
    NbdException replaced =
        assertThrows(NbdException.class, () -> handle.aioCommandCompleted(cookie));
    assertEquals(Errno.EPROTO, replaced.errno());
    assertTrue(
        replaced.getCause() instanceof IllegalStateException, () -> "" + replaced.getCause());
    read(0);
  }

  @Test
  void firstExceptionOfAChunkCallbackFailsTheRead() throws Exception {
    NbdException failed =
        assertThrows(
            NbdException.class,
            () ->
                handle.preadStructured(
                    ByteBuffer.allocate(1000),
                    0,
                    (piece, offset, status, error) -> {
                      throw new NbdException(Errno.EDOM, "from the callback");
                    }));
    assertEquals(Errno.EDOM, failed.errno());
    NbdException defect =
        assertThrows(
            NbdException.class,
            () ->
                handle.preadStructured(
                    ByteBuffer.allocate(1000),
                    0,
                    (piece, offset, status, error) -> {
                      throw new IllegalStateException("a defect of the caller's");
                    }));
    assertEquals(Errno.EPROTO, defect.errno());
    read(0);
  }

  @Test
  void handleMayBeClosedFromACallback() throws Exception {
    AtomicInteger closed = new AtomicInteger();
    AtomicInteger stranded = new AtomicInteger();
    for (int i = 0; i < 5; i++) {
      handle.aioPread(
          ByteBuffer.allocate(1),
          GatedBackend.GATED,
          error -> {
            stranded.addAndGet(error == Errno.ENOTCONN ? 1 : 100);
            return true;
          });
    }
    handle.aioPread(
        ByteBuffer.allocate(1),
        0,
        error -> {
          handle.close();
          closed.incrementAndGet();
          return true;
        });
    Deadline deadline = Deadline.fromNow();
    while (!handle.aioIsClosed()) {
      handle.poll(deadline.millis());
    }
    assertEquals(1, closed.get());
    assertEquals(5, stranded.get());
    NbdException ended =
        assertThrows(NbdException.class, () -> handle.pread(ByteBuffer.allocate(1), 0));
    assertEquals(Errno.EINVAL, ended.errno());
  }

  @Test
  void debugMessagesMayComeFromAnyCall() throws Exception {
    AtomicInteger messages = new AtomicInteger();
    handle.setDebugCallback((context, message) -> messages.incrementAndGet());
    handle.setDebug(true);
    read(0);
    assertTrue(messages.get() > 0);
    handle.clearDebugCallback();
    handle.setDebug(false);
    int before = messages.get();
    read(0);
    assertEquals(before, messages.get());
  }
}
