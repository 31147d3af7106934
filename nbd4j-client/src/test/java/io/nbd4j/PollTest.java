package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.Direction;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Caller;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer.Request;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Event loops, the handle's own and a foreign one. */
final class PollTest {

  private static final Export EXPORT = Export.of(1 << 30);

  /** Answers the first request when it is told to, all others at once. */
  private static ScriptedServer slow(CountDownLatch answer) {
    return ScriptedServer.start(peer -> {
      peer.greet(EXPORT);
      Request first = peer.readRequest();
      answer.await();
      peer.send(peer.success(first));
      peer.serve();
    });
  }

  @Test
  void timeIsUpWithoutProgress() throws IOException {
    CountDownLatch answer = new CountDownLatch(1);
    try (ScriptedServer server = slow(answer);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      assertEquals(0, handle.poll(0), "idle");
      long cookie = handle.aioFlush();
      assertEquals(0, handle.poll(0));
      long before = System.nanoTime();
      assertEquals(0, handle.poll(30));
      long waited = System.nanoTime() - before;
      assertTrue(waited >= TimeUnit.MILLISECONDS.toNanos(29), waited + " ns");
      assertFalse(handle.aioCommandCompleted(cookie));
      answer.countDown();
      assertEquals(1, handle.poll(60_000));
      assertTrue(handle.aioCommandCompleted(cookie));
      assertEquals(0, handle.poll(0));
    }
  }

  @Test
  void anotherChannelEndsTheWait() throws IOException {
    CountDownLatch answer = new CountDownLatch(1);
    Pipe pipe = Pipe.open();
    try (Pipe.SourceChannel source = pipe.source();
        Pipe.SinkChannel sink = pipe.sink();
        ScriptedServer server = slow(answer);
        NbdHandle handle = new NbdHandle()) {
      source.configureBlocking(false);
      handle.connectUnix(server.socket());
      long cookie = handle.aioFlush();
      assertEquals(0, handle.poll2(source, 0));
      assertEquals(0, handle.poll2(source, 10));
      assertEquals(1, sink.write(ByteBuffer.allocate(1)));
      assertEquals(1, handle.poll2(source, -1));
      assertFalse(handle.aioCommandCompleted(cookie));
      assertEquals(1, handle.poll2(source, -1), "it is still readable");
      assertEquals(1, source.read(ByteBuffer.allocate(8)), "and nobody read from it");
      assertEquals(0, handle.poll2(source, 0));
      answer.countDown();
      assertEquals(1, handle.poll2(source, -1));
      assertTrue(handle.aioCommandCompleted(cookie));
      assertTrue(source.isOpen());
      assertFalse(source.isRegistered(), "left as it was");
      source.configureBlocking(true);
      handle.flush();
    }
  }

  @Test
  void anotherThreadMayEndTheWait() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    Pipe pipe = Pipe.open();
    try (Pipe.SourceChannel source = pipe.source();
        Pipe.SinkChannel sink = pipe.sink();
        ScriptedServer server = slow(answer);
        NbdHandle handle = new NbdHandle()) {
      source.configureBlocking(false);
      handle.connectUnix(server.socket());
      handle.aioFlush();
      try (Caller<Integer> caller = Caller.start(() -> handle.poll2(source, -1))) {
        sink.write(ByteBuffer.allocate(1));
        assertEquals(1, caller.get());
      }
    }
  }

  @Test
  void aForeignLoopDrivesTheHandle() throws IOException {
    CountDownLatch looked = new CountDownLatch(1);
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              looked.await();
              peer.serve();
            });
        Selector selector = Selector.open();
        NbdHandle handle = new NbdHandle()) {
      handle.setOptMode(true);
      handle.aioConnectUnix(server.socket());
      SelectableChannel channel = handle.aioGetFd();
      SelectionKey key = channel.register(selector, 0);
      drive(handle, selector, key, handle::aioIsConnecting);
      assertTrue(handle.aioIsNegotiating());
      handle.aioOptGo(null);
      drive(handle, selector, key, handle::aioIsConnecting);
      assertTrue(handle.aioIsReady(), handle.connectionState());
      assertSame(channel, handle.aioGetFd());
      ByteBuffer large = ByteBuffer.allocateDirect(8 << 20);
      long write = handle.aioPwrite(large, 0);
      assertEquals(Direction.BOTH, handle.aioGetDirection());
      assertTrue(handle.aioIsProcessing());
      assertFalse(handle.aioIsReady());
      looked.countDown();
      long read = handle.aioPread(ByteBuffer.allocate(4 << 20), 0);
      drive(handle, selector, key, () -> inFlight(handle) > 0);
      assertTrue(handle.aioCommandCompleted(write));
      assertTrue(handle.aioCommandCompleted(read));
      assertEquals(Direction.READ, handle.aioGetDirection());
      handle.flush();
      handle.aioDisconnect();
      drive(handle, selector, key, () -> !handle.aioIsClosed());
      assertFalse(channel.isOpen());
      fails(
          Errno.EINVAL, "nbd_aio_get_fd: connection is not in a connected state", handle::aioGetFd);
    }
  }

  private static int inFlight(NbdHandle handle) {
    try {
      return handle.aioInFlight();
    } catch (NbdException e) {
      throw new AssertionError(e);
    }
  }

  private static void drive(
      NbdHandle handle, Selector selector, SelectionKey key, BooleanSupplier going)
      throws IOException {
    while (going.getAsBoolean()) {
      int direction = handle.aioGetDirection();
      key.interestOps(
          ((direction & Direction.READ) != 0 ? SelectionKey.OP_READ : 0)
              | ((direction & Direction.WRITE) != 0 ? SelectionKey.OP_WRITE : 0));
      selector.select();
      int ready = key.readyOps();
      selector.selectedKeys().clear();
      if ((ready & SelectionKey.OP_READ) != 0) {
        handle.aioNotifyRead();
      } else if ((ready & SelectionKey.OP_WRITE) != 0) {
        handle.aioNotifyWrite();
      }
    }
  }

  @Test
  void aPollThatFindsTheEndSaysSo() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(peer -> peer.greet(EXPORT));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      assertEquals(1, handle.poll(-1));
      assertTrue(handle.aioIsClosed());
      fails(Errno.EINVAL, "nbd_poll: nothing to poll for in state CLOSED", () -> handle.poll(-1));
    }
  }
}
