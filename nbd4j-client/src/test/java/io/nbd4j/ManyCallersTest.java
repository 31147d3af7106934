package io.nbd4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.NbdException;
import io.nbd4j.script.Caller;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer.Request;
import io.nbd4j.script.ScriptedServer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Threads that share a handle: each gets its own answers. */
final class ManyCallersTest {

  private static final int SIZE = 1 << 24;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyCallerGetsItsOwnBytes(boolean virtual) throws Exception {
    for (Export export : List.of(Export.of(SIZE), Export.of(SIZE).extended())) {
      try (ScriptedServer server = ScriptedServer.serving(export);
          NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        int threads = 12;
        List<Caller<Integer>> callers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          long seed = 400L + i;
          callers.add(
              Caller.start(
                  () -> readAndWrite(handle, seed),
                  virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon()));
        }
        int done = 0;
        for (Caller<Integer> caller : callers) {
          done += caller.get();
          caller.close();
        }
        assertEquals(threads * 150, done);
        assertEquals(0, handle.aioInFlight());
        handle.shutdown();
      }
    }
  }

  private static int readAndWrite(NbdHandle handle, long seed) throws Exception {
    Random random = new Random(seed);
    int rounds = 150;
    for (int round = 0; round < rounds; round++) {
      int offset = random.nextInt(SIZE - (1 << 17));
      int length = 1 + random.nextInt(random.nextInt(10) == 0 ? 1 << 17 : 4096);
      ByteBuffer buffer = ByteBuffer.allocate(length);
      if (random.nextInt(4) == 0) {
        handle.pwrite(buffer, offset);
      } else {
        handle.pread(buffer, offset);
        assertArrayEquals(Export.content(offset, length), buffer.array(), "seed " + seed);
      }
      assertEquals(length, buffer.position());
    }
    return rounds;
  }

  @Test
  void asynchronousAndBlockingCommandsMix() throws Exception {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(SIZE).structured());
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      AtomicInteger completed = new AtomicInteger();
      List<Caller<Integer>> callers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        long seed = 500L + i;
        callers.add(Caller.start(() -> readAndWrite(handle, seed)));
        callers.add(
            Caller.start(() -> {
              for (int round = 0; round < 300; round++) {
                handle.aioPread(
                    ByteBuffer.allocate(64),
                    round,
                    error -> {
                      assertEquals(0, error);
                      completed.incrementAndGet();
                      return true;
                    });
              }
              return 0;
            }));
      }
      for (Caller<Integer> caller : callers) {
        caller.get();
        caller.close();
      }
      while (handle.aioInFlight() > 0) {
        handle.poll(-1);
      }
      assertEquals(900, completed.get());
      handle.shutdown();
    }
  }

  @Test
  void aThreadThatPollsServesTheOthers() throws Exception {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(SIZE));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      try (Caller<Integer> poller =
              Caller.start(() -> {
                int polls = 0;
                while (handle.aioIsReady() || handle.aioIsProcessing()) {
                  handle.poll(50);
                  polls++;
                }
                return polls;
              });
          Caller<Integer> reader = Caller.start(() -> readAndWrite(handle, 600))) {
        assertEquals(150, reader.get());
        handle.aioDisconnect();
        assertTrue(poller.get() > 0);
      }
      assertTrue(handle.aioIsClosed());
    }
  }

  /** The server goes away in the midst of it: nobody hangs, and every call ends once. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void everyCallEndsWhenTheServerDies(int round) throws Exception {
    int requests = 20 * round;
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(Export.of(SIZE));
              for (int i = 0; i < requests; i++) {
                Request request = peer.nextRequest();
                if (request == null) {
                  return;
                }
                peer.send(peer.success(request));
              }
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      AtomicInteger issued = new AtomicInteger();
      AtomicInteger ended = new AtomicInteger();
      List<Caller<Integer>> callers = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        int number = i;
        callers.add(
            Caller.start(
                () -> useUntilTheEnd(handle, number, issued, ended),
                i % 2 == 0 ? Thread.ofPlatform().daemon() : Thread.ofVirtual()));
      }
      for (Caller<Integer> caller : callers) {
        caller.get();
        caller.close();
      }
      assertTrue(handle.aioIsClosed() || handle.aioIsDead(), handle.connectionState());
      assertEquals(issued.get(), ended.get(), "completions in round " + round);
      assertEquals(0, handle.aioInFlight());
    }
  }

  private static int useUntilTheEnd(
      NbdHandle handle, int number, AtomicInteger issued, AtomicInteger ended) {
    int calls = 0;
    while (true) {
      try {
        if (number == 0) {
          handle.aioPwrite(
              ByteBuffer.allocate(200_000),
              0,
              error -> {
                ended.incrementAndGet();
                return true;
              });
          issued.incrementAndGet();
          handle.poll(20);
        } else {
          handle.pread(ByteBuffer.allocate(100_000), 0);
        }
        calls++;
      } catch (NbdException e) {
        if (handle.aioIsClosed() || handle.aioIsDead()) {
          return calls;
        }
        throw new AssertionError("caller " + number, e);
      }
    }
  }
}
