package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.server.NbdServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Threads that are interrupted while they wait for the server. */
class InterruptTest {

  private static final int LENGTH = 1000;
  private static final byte MARK = 0x55;

  /** More lone calls than it takes until a platform thread waits in the kernel. */
  private static final int LONE_CALLS = 20;

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

  /** A read of a place that the server keeps back until the gate is opened. */
  private final class GatedRead {
    private final ByteBuffer buffer = ByteBuffer.allocate(LENGTH);
    private final long offset;
    private final Thread thread;
    private volatile NbdException failure;
    private volatile boolean interruptedAfter;

    GatedRead(Crew crew, Crew.Kind kind, int number) {
      offset = GatedBackend.GATED + (long) number * LENGTH;
      thread = crew.start(kind, this::run);
    }

    private void run() {
      try {
        handle.pread(buffer, offset);
      } catch (NbdException e) {
        failure = e;
      }
      interruptedAfter = Thread.currentThread().isInterrupted();
    }

    void assertRead() {
      assertEquals(null, failure);
      for (int i = 0; i < LENGTH; i++) {
        assertEquals(GatedBackend.byteAt(offset + i), buffer.get(i), "at " + (offset + i));
      }
    }

    void assertInterrupted() throws InterruptedException {
      Deadline.join(thread);
      assertTrue(failure != null, "the call has succeeded");
      assertEquals(Errno.EINTR, failure.errno(), failure::getMessage);
      assertTrue(interruptedAfter, "the status is still set");
    }
  }

  private void assertUsable() throws IOException {
    assertTrue(handle.aioIsReady(), handle::connectionState);
    ByteBuffer buffer = ByteBuffer.allocate(LENGTH);
    handle.pread(buffer, 77);
    for (int i = 0; i < LENGTH; i++) {
      assertEquals(GatedBackend.byteAt(77 + i), buffer.get(i), "at " + i);
    }
  }

  private void awaitAtServer(int count) throws Exception {
    Deadline.await("the server has " + count, () -> backend.waiting() == count);
  }

  @Test
  void interruptBeforeTheCallSendsNothing() throws Exception {
    long sent = handle.statsChunksSent();
    ByteBuffer buffer = ByteBuffer.allocate(10).position(3);
    Thread.currentThread().interrupt();
    NbdException refused = assertThrows(NbdException.class, () -> handle.pread(buffer, 0));
    assertTrue(Thread.interrupted(), "the status is still set");
    assertEquals(Errno.EINTR, refused.errno());
    assertEquals(3, buffer.position());
    assertEquals(sent, handle.statsChunksSent());
    assertUsable();
  }

  @ParameterizedTest
  @CsvSource({"PLATFORM,0", "PLATFORM," + LONE_CALLS, "VIRTUAL,0", "VIRTUAL," + LONE_CALLS})
  void loneCallEndsAndTheHandleIsUsableOrDead(Crew.Kind kind, int callsBefore) throws Exception {
    Crew crew = new Crew();
    crew.start(
        kind,
        () -> {
          for (int i = 0; i < callsBefore; i++) {
            handle.pread(ByteBuffer.allocate(1), 0);
          }
        });
    crew.join();
    GatedRead read = new GatedRead(crew, kind, 0);
    awaitAtServer(1);
    read.thread.interrupt();
    read.assertInterrupted();
    if (kind == Crew.Kind.VIRTUAL || !handle.aioIsDead()) {
      assertUsable();
    } else {
      assertThrows(NbdException.class, () -> handle.pread(ByteBuffer.allocate(1), 0));
    }
    crew.join();
  }

  @ParameterizedTest
  // The first to wait takes in the replies for all.
  @CsvSource({
    "PLATFORM,0",
    "PLATFORM,7",
    "PLATFORM,0 3 4 7",
    "VIRTUAL,0",
    "VIRTUAL,7",
    "VIRTUAL,0 3 4 7"
  })
  void othersGoOnUnharmed(Crew.Kind kind, String numbers) throws Exception {
    Set<Integer> victims =
        Arrays.stream(numbers.split(" ", -1)).map(Integer::valueOf).collect(Collectors.toSet());
    Crew crew = new Crew();
    List<GatedRead> reads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      reads.add(new GatedRead(crew, kind, i));
      awaitAtServer(i + 1);
    }
    for (int victim : victims) {
      reads.get(victim).thread.interrupt();
    }
    for (int victim : victims) {
      // The gate is still closed: it did not wait for the reply.
      reads.get(victim).assertInterrupted();
      assertEquals(0, reads.get(victim).buffer.position());
      Arrays.fill(reads.get(victim).buffer.array(), MARK);
    }
    assertUsable();
    backend.open();
    crew.join();
    for (int i = 0; i < 8; i++) {
      if (!victims.contains(i)) {
        reads.get(i).assertRead();
      }
    }
    assertUsable();
    Deadline.await(
        "late replies are taken in",
        () -> {
          assertUsable();
          return handle.aioInFlight() == 0;
        });
    for (int victim : victims) {
      for (byte b : reads.get(victim).buffer.array()) {
        assertEquals(MARK, b, "a late reply has touched the buffer");
      }
    }
  }

  /** It was alone when it began to wait, and the others have come since. */
  @Test
  void interruptInTheKernelLeavesNobodyHanging() throws Exception {
    for (int i = 0; i < LONE_CALLS; i++) {
      handle.pread(ByteBuffer.allocate(1), 0);
    }
    Crew crew = new Crew();
    List<GatedRead> reads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      reads.add(new GatedRead(crew, Crew.Kind.PLATFORM, i));
      awaitAtServer(i + 1);
    }
    reads.getFirst().thread.interrupt();
    reads.getFirst().assertInterrupted();
    backend.open();
    crew.join();
    boolean dead = handle.aioIsDead();
    for (GatedRead read : reads.subList(1, 4)) {
      if (dead) {
        assertTrue(read.failure != null, "a call has succeeded on a dead handle");
      } else {
        read.assertRead();
      }
    }
    if (!dead) {
      assertUsable();
    }
  }

  @Test
  void asynchronousCommandsGoOnToo() throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(LENGTH);
    AtomicBoolean ended = new AtomicBoolean();
    handle.aioPread(
        buffer,
        GatedBackend.GATED,
        error -> {
          assertEquals(0, error);
          ended.set(true);
          return true;
        });
    awaitAtServer(1);
    Crew crew = new Crew();
    GatedRead read = new GatedRead(crew, Crew.Kind.PLATFORM, 1);
    awaitAtServer(2);
    read.thread.interrupt();
    read.assertInterrupted();
    crew.join();
    backend.open();
    new EventLoop.Polling().until(handle, "the read", ended::get);
    assertEquals(GatedBackend.byteAt(GatedBackend.GATED), buffer.get(0));
    assertUsable();
  }

  @ParameterizedTest
  @EnumSource
  void pollEndsAndNothingIsLost(Crew.Kind kind) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(LENGTH);
    AtomicBoolean ended = new AtomicBoolean();
    handle.aioPread(buffer, GatedBackend.GATED, error -> ended.compareAndSet(false, error == 0));
    awaitAtServer(1);
    Crew crew = new Crew();
    AtomicBoolean refused = new AtomicBoolean();
    Thread polling =
        crew.start(
            kind,
            () -> {
              NbdException interrupted =
                  assertThrows(NbdException.class, () -> pollForEver(handle));
              assertEquals(Errno.EINTR, interrupted.errno(), interrupted::getMessage);
              refused.set(true);
            });
    polling.interrupt();
    crew.join();
    assertTrue(refused.get());
    backend.open();
    new EventLoop.Polling().until(handle, "the read", ended::get);
    assertUsable();
  }

  private static void pollForEver(NbdHandle handle) throws NbdException {
    while (true) {
      handle.poll(-1);
    }
  }

  @ParameterizedTest
  @EnumSource
  @RequiresPeer("nbdkit")
  void connectionGoesOnBeingMade(Crew.Kind kind, @TempDir Path directory) throws Exception {
    Path go = directory.resolve("go");
    List<String> argv =
        List.of(
            "sh",
            "-c",
            "while [ ! -e '" + go + "' ]; do sleep 0.01; done; exec nbdkit -s memory 1M");
    try (NbdHandle connecting = new NbdHandle()) {
      Crew crew = new Crew();
      Thread thread =
          crew.start(
              kind,
              () -> {
                NbdException interrupted =
                    assertThrows(NbdException.class, () -> connecting.connectCommand(argv));
                assertEquals(Errno.EINTR, interrupted.errno(), interrupted::getMessage);
              });
      Deadline.await(
          "the server was started",
          () -> {
            try {
              return connecting.aioIsConnecting() && connecting.getSubprocessPid() > 0;
            } catch (NbdException notYet) {
              return false;
            }
          });
      thread.interrupt();
      crew.join();
      assertTrue(connecting.aioIsConnecting(), connecting::connectionState);
      Files.createFile(go);
      new EventLoop.Polling().until(connecting, "connection", () -> !connecting.aioIsConnecting());
      connecting.pread(ByteBuffer.allocate(512), 0);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void stormOfInterruptsLosesNoData(long seed) throws Exception {
    int threads = 16;
    int rounds = 300;
    SplittableRandom random = new SplittableRandom(seed);
    Crew crew = new Crew();
    List<Thread> victims = new ArrayList<>();
    AtomicBoolean over = new AtomicBoolean();
    for (int i = 0; i < threads; i++) {
      SplittableRandom own = random.split();
      victims.add(crew.start(Crew.Kind.VIRTUAL, () -> readThroughInterrupts(own, rounds, seed)));
    }
    Crew storm = new Crew();
    storm.start(
        Crew.Kind.PLATFORM,
        () -> {
          while (!over.get()) {
            victims.get(random.nextInt(threads)).interrupt();
            Thread.onSpinWait();
          }
        });
    try {
      crew.join();
    } finally {
      over.set(true);
      storm.join();
    }
    assertUsable();
  }

  private void readThroughInterrupts(SplittableRandom random, int rounds, long seed)
      throws NbdException {
    int succeeded = 0;
    while (succeeded < rounds) {
      int offset = random.nextInt(GatedBackend.GATED - LENGTH);
      boolean write = random.nextInt(4) == 0;
      ByteBuffer buffer = ByteBuffer.allocate(LENGTH);
      if (write) {
        for (int i = 0; i < LENGTH; i++) {
          buffer.put(i, GatedBackend.byteAt(offset + i));
        }
      }
      try {
        if (write) {
          handle.pwrite(buffer, offset);
        } else {
          handle.pread(buffer, offset);
        }
        for (int i = 0; i < LENGTH; i++) {
          assertEquals(GatedBackend.byteAt(offset + i), buffer.get(i), "seed " + seed);
        }
        succeeded++;
      } catch (NbdException e) {
        if (e.errno() != Errno.EINTR) {
          throw e;
        }
        Thread.interrupted();
      }
    }
  }
}
