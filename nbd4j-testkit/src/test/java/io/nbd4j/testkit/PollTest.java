package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.Direction;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.server.NbdServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Event loops: the handle's own and the caller's. */
class PollTest {

  private final NbdHandle handle = new NbdHandle();
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

  private void readByPolling() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(100);
    long cookie = handle.aioPread(buffer, 0);
    new EventLoop.Polling().until(handle, "read", () -> handle.aioCommandCompleted(cookie));
  }

  @Test
  void pollTellsWhetherThereWasProgress() throws Exception {
    readByPolling();
    handle.aioPread(ByteBuffer.allocate(1), GatedBackend.GATED);
    assertEquals(0, handle.poll(0));
    assertEquals(0, handle.poll(20));
    backend.open();
    assertEquals(1, handle.poll(30_000));
  }

  @Test
  void pollNeedsSomethingToWaitFor() throws Exception {
    try (NbdHandle fresh = new NbdHandle()) {
      NbdException refused = assertThrows(NbdException.class, () -> fresh.poll(0));
      assertEquals(Errno.EINVAL, refused.errno());
    }
    handle.shutdown();
    NbdException refused = assertThrows(NbdException.class, () -> handle.poll(0));
    assertEquals(Errno.EINVAL, refused.errno());
  }

  @Test
  void anotherChannelEndsTheWaitAsWell() throws Exception {
    readByPolling();
    Pipe pipe = Pipe.open();
    try (Pipe.SourceChannel source = pipe.source();
        Pipe.SinkChannel sink = pipe.sink()) {
      source.configureBlocking(false);
      handle.aioPread(ByteBuffer.allocate(1), GatedBackend.GATED);
      assertEquals(0, handle.poll2(source, 20));
      sink.write(ByteBuffer.allocate(1));
      assertEquals(1, handle.poll2(source, 30_000));
      assertFalse(source.isRegistered(), "left unregistered");
      source.configureBlocking(true);
      assertEquals(1, source.read(ByteBuffer.allocate(1)));
    }
  }

  @Test
  void directionTellsWhatIsWaitedFor() throws Exception {
    assertEquals(Direction.READ, handle.aioGetDirection());
    assertTrue(handle.aioIsReady());
    assertFalse(handle.aioIsProcessing());
    List<Long> cookies = new ArrayList<>();
    // The server takes in no more than its limits, so that the socket fills up in the end.
    ByteBuffer large = ByteBuffer.allocateDirect(GatedBackend.SIZE - GatedBackend.GATED);
    for (int i = 0; i < 64; i++) {
      cookies.add(handle.aioPread(ByteBuffer.allocate(1), GatedBackend.GATED));
    }
    while (handle.aioGetDirection() == Direction.READ) {
      cookies.add(handle.aioPwrite(large.duplicate(), GatedBackend.GATED));
    }
    assertEquals(Direction.BOTH, handle.aioGetDirection());
    assertTrue(handle.aioIsProcessing());
    assertFalse(handle.aioIsReady());
    backend.open();
    EventLoop loop = new EventLoop.Polling();
    for (long cookie : cookies) {
      loop.until(handle, "command " + cookie, () -> handle.aioCommandCompleted(cookie));
    }
    assertEquals(Direction.READ, handle.aioGetDirection());
    handle.shutdown();
    assertEquals(0, handle.aioGetDirection());
  }

  @Test
  void eventsThatAreNotWaitedForAreRefused() throws Exception {
    try (NbdHandle fresh = new NbdHandle()) {
      for (NbdException refused :
          List.of(
              assertThrows(NbdException.class, fresh::aioNotifyRead),
              assertThrows(NbdException.class, fresh::aioNotifyWrite),
              assertThrows(NbdException.class, fresh::aioGetFd))) {
        assertEquals(Errno.EINVAL, refused.errno());
      }
    }
    NbdException refused = assertThrows(NbdException.class, handle::aioNotifyWrite);
    assertEquals(Errno.EINVAL, refused.errno());
    handle.aioNotifyRead();
    readByPolling();
  }

  @Test
  void ownSelectorAndBlockingCallsGetAlong() throws Exception {
    for (int i = 0; i < 20; i++) {
      handle.pread(ByteBuffer.allocate(10), 0);
    }
    try (Selector selector = Selector.open()) {
      SelectionKey key = handle.aioGetFd().register(selector, SelectionKey.OP_READ);
      assertFalse(handle.aioGetFd().isBlocking());
      for (int i = 0; i < 20; i++) {
        handle.pread(ByteBuffer.allocate(10), 0);
      }
      assertTrue(key.isValid());
      assertFalse(handle.aioGetFd().isBlocking());
    }
    try (EventLoop loop = new EventLoop.Selecting()) {
      for (int i = 0; i < 20; i++) {
        long cookie = handle.aioPread(ByteBuffer.allocate(10), 0);
        loop.until(handle, "read", () -> handle.aioCommandCompleted(cookie));
        handle.pread(ByteBuffer.allocate(10), 0);
      }
    }
  }

  @Test
  void oneLoopDrivesManyHandles() throws Exception {
    AtomicInteger ended = new AtomicInteger();
    List<NbdHandle> handles = new ArrayList<>();
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < 10; i++) {
        NbdHandle one = new NbdHandle();
        handles.add(one);
        one.connectUri(server.uris().getFirst());
        one.aioGetFd().register(selector, SelectionKey.OP_READ, one);
        one.aioPread(
            ByteBuffer.allocate(100),
            0,
            error -> {
              assertEquals(0, error);
              ended.incrementAndGet();
              return true;
            });
      }
      Deadline deadline = Deadline.fromNow();
      while (ended.get() < handles.size()) {
        assertTrue(deadline.millis() > 0, () -> "only " + ended + " reads have ended");
        selector.select(deadline.millis());
        for (SelectionKey key : selector.selectedKeys()) {
          ((NbdHandle) key.attachment()).aioNotifyRead();
        }
        selector.selectedKeys().clear();
      }
    } finally {
      handles.forEach(NbdHandle::close);
    }
  }

  @Test
  void completedCommandsAreToldOnce() throws Exception {
    NbdException none = assertThrows(NbdException.class, handle::aioPeekCommandCompleted);
    assertEquals(Errno.EINVAL, none.errno());
    long first = handle.aioPread(ByteBuffer.allocate(1), GatedBackend.GATED);
    long second = handle.aioPread(ByteBuffer.allocate(1), 0);
    assertEquals(2, handle.aioInFlight());
    assertEquals(0, handle.aioPeekCommandCompleted());
    EventLoop loop = new EventLoop.Polling();
    loop.until(handle, "one read", () -> handle.aioInFlight() == 1);
    assertEquals(second, handle.aioPeekCommandCompleted());
    assertTrue(handle.aioCommandCompleted(second));
    assertFalse(handle.aioCommandCompleted(second));
    assertFalse(handle.aioCommandCompleted(first));
    backend.open();
    loop.until(handle, "the other read", () -> handle.aioPeekCommandCompleted() == first);
    assertTrue(handle.aioCommandCompleted(first));
    assertThrows(NbdException.class, handle::aioPeekCommandCompleted);
  }

  @Test
  void disconnectLetsWhatWasSentBeforeEnd() throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(10);
    long cookie = handle.aioPread(buffer, GatedBackend.GATED);
    handle.aioDisconnect();
    NbdException late =
        assertThrows(NbdException.class, () -> handle.aioPread(ByteBuffer.allocate(1), 0));
    assertEquals(Errno.EINVAL, late.errno());
    backend.open();
    new EventLoop.Polling().until(handle, "the end", handle::aioIsClosed);
    assertTrue(handle.aioCommandCompleted(cookie));
    assertEquals(GatedBackend.byteAt(GatedBackend.GATED), buffer.get(0));
  }

  @Test
  void abandonedCommandsWereNotSent() throws Exception {
    List<Integer> errors = Collections.synchronizedList(new ArrayList<>());
    ByteBuffer large = ByteBuffer.allocateDirect(GatedBackend.SIZE - GatedBackend.GATED);
    for (int i = 0; i < 64; i++) {
      handle.aioPread(ByteBuffer.allocate(1), GatedBackend.GATED);
    }
    int queued = 0;
    for (int i = 0; i < 20; i++) {
      handle.aioPwrite(large.duplicate(), GatedBackend.GATED, errors::add);
      queued++;
    }
    Crew crew = new Crew();
    crew.start(
        Crew.Kind.PLATFORM, () -> handle.shutdown(io.nbd4j.model.ShutdownFlag.ABANDON_PENDING));
    Deadline.await("abandoned commands have ended", () -> !errors.isEmpty());
    backend.open();
    crew.join();
    assertTrue(handle.aioIsClosed(), handle::connectionState);
    assertEquals(queued, errors.size());
    assertTrue(errors.contains(Errno.ENOTCONN), errors::toString);
    assertTrue(errors.contains(0), errors::toString);
  }
}
