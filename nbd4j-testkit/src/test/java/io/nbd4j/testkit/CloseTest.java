package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.server.NbdServer;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A handle that is closed while others use it. */
class CloseTest {

  @ParameterizedTest
  @CsvSource({"PLATFORM,1", "PLATFORM,16", "VIRTUAL,1", "VIRTUAL,16"})
  void waitingCallsEnd(Crew.Kind kind, int callers) throws Exception {
    GatedBackend backend = new GatedBackend();
    AtomicInteger called = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    int asynchronous = callers == 1 ? 0 : 8;
    try (NbdServer server = backend.serve()) {
      NbdHandle handle = new NbdHandle();
      try {
        handle.connectUri(server.uris().getFirst());
        Crew crew = new Crew();
        crew.start(
            callers,
            kind,
            () -> {
              // After these a lone platform thread waits in the kernel.
              for (int i = 0; i < 20; i++) {
                handle.pread(ByteBuffer.allocate(1), 0);
              }
              NbdException ended =
                  assertThrows(
                      NbdException.class,
                      () -> handle.pread(ByteBuffer.allocate(1000), GatedBackend.GATED));
              assertTrue(
                  ended.errno() == Errno.ENOTCONN || ended.errno() == Errno.NONE,
                  ended::getMessage);
              refused.incrementAndGet();
            });
        for (int i = 0; i < asynchronous; i++) {
          handle.aioPread(
              ByteBuffer.allocate(1000),
              GatedBackend.GATED,
              error -> {
                called.addAndGet(error == Errno.ENOTCONN ? 1 : 1000);
                return true;
              });
        }
        Deadline.await("all wait", () -> backend.waiting() == callers + asynchronous);
        handle.close();
        crew.join();
        assertEquals(callers, refused.get());
        Deadline.await("the callbacks", () -> called.get() >= asynchronous);
        assertEquals(asynchronous, called.get());
        assertTrue(handle.aioIsClosed(), handle::connectionState);
      } finally {
        handle.close();
        backend.open();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void callsInFullSwingEndOnce(Crew.Kind kind) throws Exception {
    GatedBackend backend = new GatedBackend();
    try (NbdServer server = backend.serve()) {
      for (int round = 0; round < 100; round++) {
        AtomicLong started = new AtomicLong();
        AtomicLong ended = new AtomicLong();
        AtomicLong done = new AtomicLong();
        long enough = 20L * (round % 10);
        NbdHandle handle = new NbdHandle();
        try {
          handle.connectUri(server.uris().getFirst());
          Crew crew = new Crew();
          crew.start(
              6,
              kind,
              () -> {
                ByteBuffer buffer = ByteBuffer.allocate(50_000);
                try {
                  while (true) {
                    handle.pread(buffer.clear(), 0);
                    handle.pwrite(buffer.clear(), 100_000);
                    done.incrementAndGet();
                  }
                } catch (NbdException e) {
                  assertTrue(handle.aioIsClosed(), e::getMessage);
                }
              });
          crew.start(
              2,
              kind,
              () -> {
                try {
                  while (true) {
                    if (started.get() - ended.get() < 64) {
                      started.incrementAndGet();
                      handle.aioPread(
                          ByteBuffer.allocate(5000),
                          0,
                          error -> {
                            ended.incrementAndGet();
                            return true;
                          });
                    }
                    handle.poll(1000);
                  }
                } catch (NbdException e) {
                  assertTrue(handle.aioIsClosed(), e::getMessage);
                }
              });
          Deadline.await("some calls", () -> done.get() >= enough);
          Crew closing = new Crew();
          closing.start(2, Crew.Kind.PLATFORM, handle::close);
          closing.join();
          crew.join();
          // The last call of each of the two loops may have been refused.
          Deadline.await(
              () -> started + " reads were started, " + ended + " have ended",
              () -> ended.get() >= started.get() - 2);
          assertTrue(ended.get() <= started.get(), "a callback ran twice");
          assertFalse(crew.failed());
        } finally {
          handle.close();
        }
      }
      Deadline.await("the server has forgotten them", () -> server.connections() == 0);
    }
  }
}
