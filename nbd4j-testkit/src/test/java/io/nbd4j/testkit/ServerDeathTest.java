package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that is killed while commands are in flight. */
@RequiresPeer("nbdkit")
class ServerDeathTest {

  private static final int SIGKILL = 9;
  private static final int SIZE = 16 << 20;
  private static final int PIECE = 64 << 10;

  /** It takes commands, and never answers them. */
  private static final List<String> SILENT =
      List.of(
          "nbdkit",
          "--exit-with-parent",
          "-s",
          "--filter=delay",
          "memory",
          Integer.toString(SIZE),
          "rdelay=600",
          "wdelay=600");

  private static final List<String> BUSY =
      List.of("nbdkit", "--exit-with-parent", "-s", "memory", Integer.toString(SIZE));

  enum Threads {
    PLATFORM,
    VIRTUAL
  }

  private static Thread start(Threads kind, Runnable task) {
    return kind == Threads.VIRTUAL
        ? Thread.ofVirtual().start(task)
        : Thread.ofPlatform().daemon().start(task);
  }

  private static void assertEnded(NbdHandle handle) throws IOException {
    assertTrue(handle.aioIsDead() || handle.aioIsClosed(), handle::connectionState);
    assertEquals(0, handle.aioInFlight());
    assertEquals(0, handle.aioGetDirection());
    assertThrows(NbdException.class, handle::aioGetFd);
    assertThrows(NbdException.class, () -> handle.pread(ByteBuffer.allocate(1), 0));
    assertThrows(NbdException.class, () -> handle.aioPread(ByteBuffer.allocate(1), 0));
  }

  @Test
  void failureIsTheConnectionsAndTellsHowTheServerEnded() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(SILENT);
      NbdException[] outcome = new NbdException[1];
      Thread reader =
          start(
              Threads.PLATFORM,
              () ->
                  outcome[0] =
                      assertThrows(
                          NbdException.class, () -> handle.pread(ByteBuffer.allocate(512), 0)));
      Deadline.await("the read is in flight", () -> handle.aioInFlight() == 1);
      handle.killSubprocess(SIGKILL);
      Deadline.join(reader);
      assertTrue(
          outcome[0].errno() == Errno.ENOTCONN || outcome[0].errno() == Errno.ECONNRESET,
          outcome[0]::getMessage);
      assertEquals(NbdException.Kind.TRANSPORT, outcome[0].kind(), outcome[0]::getMessage);
      assertTrue(outcome[0].getMessage().contains("killed by signal 9"), outcome[0]::getMessage);
      assertEnded(handle);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyCommandThatWaitsEndsOnceWithAnError(Threads kind) throws Exception {
    int blocking = 24;
    int called = 40;
    int kept = 20;
    AtomicIntegerArray calls = new AtomicIntegerArray(called);
    AtomicIntegerArray errors = new AtomicIntegerArray(called);
    AtomicInteger failures = new AtomicInteger();
    AtomicInteger successes = new AtomicInteger();
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(SILENT);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < blocking; i++) {
        int number = i;
        threads.add(
            start(
                kind,
                () -> {
                  ByteBuffer buffer = ByteBuffer.allocate(PIECE);
                  try {
                    if (number % 2 == 0) {
                      handle.pread(buffer, (long) number * PIECE);
                    } else {
                      handle.pwrite(buffer, (long) number * PIECE);
                    }
                    successes.incrementAndGet();
                  } catch (NbdException e) {
                    failures.incrementAndGet();
                  }
                }));
      }
      for (int i = 0; i < called; i++) {
        int number = i;
        CompletionCallback completion =
            error -> {
              calls.incrementAndGet(number);
              errors.set(number, error);
              return true;
            };
        ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE);
        if (number % 2 == 0) {
          handle.aioPread(buffer, (long) number * PIECE, completion);
        } else {
          handle.aioPwrite(buffer, (long) number * PIECE, completion);
        }
      }
      List<Long> cookies = new ArrayList<>();
      for (int i = 0; i < kept; i++) {
        cookies.add(handle.aioPread(ByteBuffer.allocate(PIECE), (long) i * PIECE));
      }
      Deadline.await("all are in flight", () -> handle.aioInFlight() == blocking + called + kept);
      handle.killSubprocess(SIGKILL);
      for (Thread thread : threads) {
        Deadline.join(thread);
      }
      assertEquals(blocking, failures.get(), "blocking calls that failed");
      assertEquals(0, successes.get(), "blocking calls that succeeded");
      Deadline.await("the callbacks", () -> sum(calls) >= called);
      for (int i = 0; i < called; i++) {
        assertEquals(1, calls.get(i), "callbacks of command " + i);
        assertNotEquals(0, errors.get(i), "error of command " + i);
      }
      for (long cookie : cookies) {
        assertThrows(NbdException.class, () -> handle.aioCommandCompleted(cookie));
        assertFalse(handle.aioCommandCompleted(cookie), "it was retired");
      }
      assertEnded(handle);
    }
    assertEquals(called, sum(calls), "callbacks after the handle was closed");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void eventLoopSeesEveryCommandEndOnce(boolean selector) throws Exception {
    int count = 100;
    int[] calls = new int[count];
    int[] errors = new int[count];
    try (EventLoop loop = selector ? new EventLoop.Selecting() : new EventLoop.Polling();
        NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(SILENT);
      for (int i = 0; i < count; i++) {
        int number = i;
        CompletionCallback completion =
            error -> {
              calls[number]++;
              errors[number] = error;
              return true;
            };
        if (i % 2 == 0) {
          handle.aioPread(ByteBuffer.allocate(PIECE), (long) i * PIECE, completion);
        } else {
          // More than the socket takes: the last ones are queued or half sent.
          handle.aioPwrite(ByteBuffer.allocate(PIECE), (long) i * PIECE, completion);
        }
      }
      assertEquals(count, handle.aioInFlight());
      handle.killSubprocess(SIGKILL);
      try {
        loop.until(handle, "the end", () -> handle.aioIsDead() || handle.aioIsClosed());
      } catch (NbdException e) {
        assertTrue(handle.aioIsDead(), handle::connectionState);
      }
      for (int i = 0; i < count; i++) {
        assertEquals(1, calls[i], "callbacks of command " + i);
        assertNotEquals(0, errors[i], "error of command " + i);
      }
      assertEnded(handle);
    }
  }

  /** A reader that starts the next read as long as that is possible, and counts. */
  private static final class Chain {
    private final NbdHandle handle;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE);
    private final AtomicLong transferred;
    private final AtomicInteger started = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();

    Chain(NbdHandle handle, AtomicLong transferred) {
      this.handle = handle;
      this.transferred = transferred;
    }

    void next() {
      buffer.clear();
      started.incrementAndGet();
      try {
        handle.aioPread(buffer, 0, this::completed);
      } catch (NbdException e) {
        started.decrementAndGet();
      }
    }

    private boolean completed(int error) {
      ended.incrementAndGet();
      if (error == 0) {
        transferred.addAndGet(PIECE);
        next();
      } else {
        failed.incrementAndGet();
      }
      return true;
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyCommandEndsOnceWhenDataIsOnItsWay(Threads kind) throws Exception {
    int blocking = 12;
    int chained = 24;
    for (int round = 0; round < 5; round++) {
      AtomicLong transferred = new AtomicLong();
      AtomicInteger failures = new AtomicInteger();
      List<Chain> chains = new ArrayList<>();
      try (NbdHandle handle = new NbdHandle()) {
        handle.connectCommand(BUSY);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < blocking; i++) {
          int number = i;
          threads.add(
              start(
                  kind,
                  () -> {
                    ByteBuffer buffer = ByteBuffer.allocate(PIECE * (1 + number));
                    try {
                      while (true) {
                        buffer.clear();
                        if (number % 2 == 0) {
                          handle.pread(buffer, 0);
                        } else {
                          handle.pwrite(buffer, 0);
                        }
                        transferred.addAndGet(buffer.capacity());
                      }
                    } catch (NbdException e) {
                      failures.incrementAndGet();
                    }
                  }));
        }
        for (int i = 0; i < chained; i++) {
          Chain chain = new Chain(handle, transferred);
          chains.add(chain);
          chain.next();
        }
        long enough = (round + 1) * (16L << 20);
        Deadline.await("some transfers", () -> transferred.get() > enough);
        handle.killSubprocess(SIGKILL);
        for (Thread thread : threads) {
          Deadline.join(thread);
        }
        assertEquals(blocking, failures.get());
        for (Chain chain : chains) {
          Deadline.await(
              "the callback of every command that was started",
              () -> chain.ended.get() == chain.started.get());
        }
        assertEnded(handle);
      }
      for (Chain chain : chains) {
        assertEquals(chain.started.get(), chain.ended.get(), "callbacks, one a command");
        assertTrue(chain.failed.get() <= 1, "failures in one chain: " + chain.failed);
      }
    }
  }

  @Test
  void deathOfAServerOfItsOwnIsTheSame() throws Exception {
    try (PeerServer server = Peer.NBDKIT_MEMORY.serve(Way.UNIX, SIZE);
        NbdHandle handle = server.connect(PeerServer.Setup.NONE)) {
      AtomicLong transferred = new AtomicLong();
      Chain chain = new Chain(handle, transferred);
      chain.next();
      EventLoop loop = new EventLoop.Polling();
      loop.until(handle, "some transfers", () -> transferred.get() > SIZE);
      server.program().process().destroyForcibly();
      try {
        loop.until(handle, "the end", () -> handle.aioIsDead() || handle.aioIsClosed());
      } catch (NbdException e) {
        assertTrue(handle.aioIsDead(), handle::connectionState);
      }
      assertEquals(chain.started.get(), chain.ended.get());
      assertEnded(handle);
    }
  }

  private static int sum(AtomicIntegerArray counts) {
    int sum = 0;
    for (int i = 0; i < counts.length(); i++) {
      sum += counts.get(i);
    }
    return sum;
  }
}
