package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.CommandFlags;
import io.nbd4j.server.NbdServer;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Many threads that use one handle at once. */
class ConcurrencyTest {

  private static final int REGION = 64 << 10;
  private static final int VIRTUAL = 64;
  private static final int PLATFORM = 16;
  private static final int LOOPS = 2;
  private static final int REGIONS = VIRTUAL + PLATFORM + LOOPS;
  private static final int ROUNDS = 25;
  private static final int DEPTH = 8;

  /** One less than our server takes on at once. */
  private static final int TOGETHER = 63;

  /** Writes and reads in a region of its own, and checks what comes back. */
  private static final class Worker {
    private final NbdHandle handle;
    private final int region;
    private final SplittableRandom random;
    private final byte[] content = new byte[REGION];
    private final String context;

    Worker(NbdHandle handle, int region, long seed) {
      this.handle = handle;
      this.region = region;
      this.random = new SplittableRandom(seed + region);
      this.context = "seed " + seed + ", region " + region;
    }

    private ByteBuffer buffer(int length) {
      return random.nextBoolean() ? ByteBuffer.allocate(length) : ByteBuffer.allocateDirect(length);
    }

    /** Fills a part of the region, in the model, and returns it. */
    private ByteBuffer fresh(int at, int length) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      System.arraycopy(bytes, 0, content, at, length);
      return buffer(length).put(bytes).flip();
    }

    private long offset(int at) {
      return (long) region * REGION + at;
    }

    private void check(ByteBuffer buffer, int at) {
      buffer.flip();
      assertEquals(ByteBuffer.wrap(content, at, buffer.limit()), buffer, context + ", at " + at);
    }

    void block() throws IOException {
      for (int round = 0; round < ROUNDS; round++) {
        int length = 1 + random.nextInt(REGION);
        int at = random.nextInt(REGION - length + 1);
        handle.pwrite(fresh(at, length), offset(at));
        int back = 1 + random.nextInt(REGION);
        int from = random.nextInt(REGION - back + 1);
        ByteBuffer buffer = buffer(back);
        handle.pread(buffer, offset(from));
        check(buffer, from);
      }
    }

    /** As above, with several in flight; the region is cut into one slot for each. */
    void poll() throws IOException {
      int slot = REGION / DEPTH;
      EventLoop loop = new EventLoop.Polling();
      for (int round = 0; round < ROUNDS; round++) {
        AtomicInteger ended = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        for (int i = 0; i < DEPTH; i++) {
          handle.aioPwrite(
              fresh(i * slot, slot),
              offset(i * slot),
              error -> count(ended, failed, error),
              CommandFlags.NONE);
        }
        loop.until(handle, "the writes", () -> ended.get() == DEPTH);
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int i = 0; i < DEPTH; i++) {
          ByteBuffer buffer = buffer(slot);
          buffers.add(buffer);
          handle.aioPread(buffer, offset(i * slot), error -> count(ended, failed, error));
        }
        loop.until(handle, "the reads", () -> ended.get() == 2 * DEPTH);
        assertEquals(0, failed.get());
        for (int i = 0; i < DEPTH; i++) {
          check(buffers.get(i), i * slot);
        }
      }
    }

    private static boolean count(AtomicInteger ended, AtomicInteger failed, int error) {
      if (error != 0) {
        failed.incrementAndGet();
      }
      ended.incrementAndGet();
      return true;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "NBDKIT_MEMORY,COMMAND,true",
    "NBDKIT_MEMORY,IPV4,false",
    "QEMU_NBD_RAW,UNIX,true",
    "NBD_SERVER,COMMAND,false",
    "OUR_SERVER,UNIX,true",
    "OUR_SERVER,IPV6,false"
  })
  void everyThreadFindsItsOwnData(Peer peer, Way way, boolean structured) throws Exception {
    peer.require();
    long seed = (peer + " over " + way).hashCode();
    try (PeerServer server = peer.serve(way, (long) REGIONS * REGION);
        NbdHandle handle = server.connect(made -> made.setRequestStructuredReplies(structured))) {
      Crew crew = new Crew();
      int region = 0;
      for (int i = 0; i < LOOPS; i++) {
        Worker worker = new Worker(handle, region++, seed);
        crew.start(Crew.Kind.PLATFORM, worker::poll);
      }
      for (int i = 0; i < PLATFORM; i++) {
        Worker worker = new Worker(handle, region++, seed);
        crew.start(Crew.Kind.PLATFORM, worker::block);
      }
      for (int i = 0; i < VIRTUAL; i++) {
        Worker worker = new Worker(handle, region++, seed);
        crew.start(Crew.Kind.VIRTUAL, worker::block);
      }
      crew.join();
      assertEquals(0, handle.aioInFlight());
      assertTrue(handle.aioIsReady(), handle::connectionState);
      handle.shutdown();
    }
  }

  @ParameterizedTest
  @EnumSource
  void blockingCallsAreInFlightTogether(Crew.Kind kind) throws Exception {
    GatedBackend backend = new GatedBackend();
    try (NbdServer server = backend.serve();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUri(server.uris().getFirst());
      Crew crew = new Crew();
      try {
        for (int i = 0; i < TOGETHER; i++) {
          long offset = GatedBackend.GATED + 1000L * i;
          crew.start(
              kind,
              () -> {
                ByteBuffer buffer = ByteBuffer.allocate(100);
                handle.pread(buffer, offset);
                for (int at = 0; at < 100; at++) {
                  assertEquals(GatedBackend.byteAt(offset + at), buffer.get(at));
                }
              });
        }
        Deadline.await(
            () -> TOGETHER + " reads at the server, not " + backend.waiting(),
            () -> backend.waiting() == TOGETHER);
        assertEquals(TOGETHER, handle.aioInFlight());
        // Who comes last is served first, as the server has its answer at once.
        handle.pread(ByteBuffer.allocate(100), 0);
      } finally {
        backend.open();
        crew.join();
      }
    }
  }

  @Test
  void virtualThreadsWaitWithoutTheirCarrier() throws Exception {
    Process program =
        new ProcessBuilder(
                JavaProgram.command(
                    List.of(
                        "-Djdk.virtualThreadScheduler.parallelism=1",
                        "-Djdk.virtualThreadScheduler.maxPoolSize=1"),
                    OneCarrier.class))
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .start();
    try {
      String printed = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(program.waitFor(30, TimeUnit.SECONDS), "it does not end");
      assertEquals("64 reads waited on one carrier", printed.strip());
    } finally {
      program.destroyForcibly();
    }
  }
}
