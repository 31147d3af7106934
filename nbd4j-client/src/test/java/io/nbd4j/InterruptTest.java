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
import io.nbd4j.script.Caller;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer.Request;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an interrupt does to a caller, and what not to the others. */
final class InterruptTest {

  private static final Export EXPORT = Export.of(1 << 30);

  private static ByteBuffer bytes() {
    return ByteBuffer.allocate(16);
  }

  private static Thread.Builder threads(boolean virtual) {
    return virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
  }

  /** The error of a call, with the thread's interrupt still set. */
  private static NbdException interrupted(NbdHandle handle, ByteBuffer buffer) {
    NbdException failure = assertThrows(NbdException.class, () -> handle.pread(buffer, 0));
    assertTrue(Thread.currentThread().isInterrupted(), "the interrupt stays set");
    return failure;
  }

  @Test
  void anInterruptBeforehandSendsNothing() throws Exception {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              Request request = peer.expectRequest(FLUSH);
              peer.send(peer.success(request));
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer buffer = ByteBuffer.allocate(16);
      Thread.currentThread().interrupt();
      fails(
          Errno.EINTR,
          "nbd_pread: interrupted before anything was sent",
          () -> handle.pread(buffer, 0));
      assertTrue(Thread.interrupted(), "the interrupt stays set");
      assertEquals(16, buffer.remaining());
      assertEquals(0, handle.aioInFlight());
      handle.flush();
    }
  }

  /** A caller that has been alone for long may lose its connection, but never silently. */
  @ParameterizedTest
  @ValueSource(ints = {0, 20})
  void aLoneCallerIsTold(int callsBefore) throws Exception {
    for (boolean virtual : new boolean[] {false, true}) {
      CountDownLatch asked = new CountDownLatch(1);
      try (ScriptedServer server =
              ScriptedServer.start(peer -> {
                peer.greet(EXPORT);
                for (int i = 0; i < callsBefore; i++) {
                  peer.send(peer.success(peer.readRequest()));
                }
                Request lost = peer.readRequest();
                asked.countDown();
                Request next = peer.nextRequest();
                if (next != null) {
                  peer.send(peer.success(lost), peer.success(next));
                }
                peer.serve();
              });
          NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        ByteBuffer buffer = ByteBuffer.allocate(16);
        try (Caller<NbdException> caller =
            Caller.start(
                () -> {
                  for (int i = 0; i < callsBefore; i++) {
                    handle.pread(bytes(), 0);
                  }
                  return interrupted(handle, buffer);
                },
                threads(virtual))) {
          asked.await();
          caller.interrupt();
          NbdException failure = caller.get();
          assertEquals("EINTR", Errno.name(failure.errno()), failure.getMessage());
        }
        assertEquals(0, buffer.position());
        assertEquals(16, buffer.limit());
        if (handle.aioIsDead()) {
          assertTrue(callsBefore > 0 && !virtual, "only who waits in the kernel ends it");
        } else {
          Arrays.fill(buffer.array(), (byte) 0x11);
          ByteBuffer other = ByteBuffer.allocate(16);
          handle.pread(other, 5);
          assertArrayEquals(Export.content(5, 16), other.array());
          assertEquals(0x11, buffer.get(0), "the late reply is thrown away");
        }
      }
    }
  }

  /** Two callers wait, of which one reads for both; either may go. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void oneOfTwoCallersGoesAndTheOtherIsServed(boolean firstGoes) throws Exception {
    for (boolean virtual : new boolean[] {false, true}) {
      Semaphore asked = new Semaphore(0);
      CountDownLatch gone = new CountDownLatch(1);
      try (ScriptedServer server =
              ScriptedServer.start(peer -> {
                peer.greet(EXPORT);
                Request first = peer.readRequest();
                asked.release();
                Request second = peer.readRequest();
                asked.release();
                gone.await();
                peer.send(peer.success(first), peer.success(second));
                peer.serve();
              });
          NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        ByteBuffer first = ByteBuffer.allocate(16);
        ByteBuffer second = ByteBuffer.allocate(16);
        byte[] left = firstGoes ? first.array() : second.array();
        byte[] kept = firstGoes ? second.array() : first.array();
        try (Caller<NbdException> one = reading(handle, first, firstGoes, virtual)) {
          asked.acquire();
          try (Caller<NbdException> two = reading(handle, second, !firstGoes, virtual)) {
            asked.acquire();
            Caller<NbdException> leaving = firstGoes ? one : two;
            Caller<NbdException> staying = firstGoes ? two : one;
            leaving.interrupt();
            NbdException failure = leaving.get();
            assertEquals("EINTR", Errno.name(failure.errno()), failure.getMessage());
            Arrays.fill(left, (byte) 0x22);
            gone.countDown();
            staying.get();
          }
        }
        assertArrayEquals(Export.content(0, 16), kept);
        byte[] untouched = new byte[16];
        Arrays.fill(untouched, (byte) 0x22);
        assertArrayEquals(untouched, left, "the buffer is its owner's again");
        assertTrue(handle.aioIsReady());
        handle.flush();
        assertEquals(0, handle.aioInFlight());
      }
    }
  }

  private static Caller<NbdException> reading(
      NbdHandle handle, ByteBuffer buffer, boolean leaves, boolean virtual) {
    return Caller.start(
        () -> {
          if (leaves) {
            return interrupted(handle, buffer);
          }
          handle.pread(buffer, 0);
          return null;
        },
        threads(virtual));
  }

  @Test
  void aHalfSentWriteGoesOnWithoutItsOwner() throws Exception {
    byte[] content = new byte[24 << 20];
    new Random(9).nextBytes(content);
    for (boolean virtual : new boolean[] {false, true}) {
      CountDownLatch begun = new CountDownLatch(1);
      CountDownLatch gone = new CountDownLatch(1);
      try (ScriptedServer server =
              ScriptedServer.start(peer -> {
                peer.greet(EXPORT);
                ByteBuffer header = peer.receive(28);
                begun.countDown();
                gone.await();
                assertArrayEquals(content, peer.receive(content.length).array());
                peer.send(simple(0, header.getLong(8)));
                peer.serve();
              });
          NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        ByteBuffer mine = ByteBuffer.wrap(content.clone());
        try (Caller<NbdException> caller =
            Caller.start(
                () -> assertThrows(NbdException.class, () -> handle.pwrite(mine, 0)),
                threads(virtual))) {
          begun.await();
          caller.interrupt();
          NbdException failure = caller.get();
          assertEquals("EINTR", Errno.name(failure.errno()), failure.getMessage());
        }
        assertEquals(0, mine.position());
        assertEquals(content.length, mine.limit());
        Arrays.fill(mine.array(), (byte) 0);
        gone.countDown();
        assertFalse(handle.aioIsDead());
        ByteBuffer other = ByteBuffer.allocate(16);
        handle.pread(other, 64);
        assertArrayEquals(Export.content(64, 16), other.array());
      }
    }
  }

  @Test
  void anInterruptedConnectGoesOn() throws Exception {
    CountDownLatch accepted = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              accepted.countDown();
              gone.await();
              peer.greet(EXPORT);
              peer.serve();
            });
        NbdHandle handle = new NbdHandle()) {
      try (Caller<NbdException> caller =
          Caller.start(
              () -> assertThrows(NbdException.class, () -> handle.connectUnix(server.socket())))) {
        accepted.await();
        caller.interrupt();
        assertEquals(Errno.EINTR, caller.get().errno());
      }
      assertTrue(handle.aioIsConnecting());
      gone.countDown();
      while (handle.aioIsConnecting()) {
        handle.poll(-1);
      }
      assertTrue(handle.aioIsReady());
      handle.flush();
    }
  }

  @Test
  void anInterruptedPollLeavesTheCommands() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(EXPORT);
              Request request = peer.readRequest();
              asked.countDown();
              gone.await();
              peer.send(peer.success(request));
              peer.serve();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      List<Integer> errors = new ArrayList<>();
      handle.aioFlush(error -> errors.add(error));
      try (Caller<NbdException> caller =
          Caller.start(() -> assertThrows(NbdException.class, () -> handle.poll(-1)))) {
        asked.await();
        caller.interrupt();
        assertEquals(Errno.EINTR, caller.get().errno());
      }
      gone.countDown();
      while (handle.aioInFlight() > 0) {
        handle.poll(-1);
      }
      assertEquals(List.of(0), errors);
    }
  }

  @Test
  void nobodyElseHearsOfIt() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      List<Integer> errors = new ArrayList<>();
      Thread.currentThread().interrupt();
      long cookie = handle.aioPread(bytes(), 0, error -> !errors.add(error));
      assertTrue(Thread.interrupted(), "issuing does not wait and so takes no notice");
      while (!handle.aioCommandCompleted(cookie)) {
        handle.poll(-1);
      }
      assertEquals(List.of(0), errors);
    }
  }
}
