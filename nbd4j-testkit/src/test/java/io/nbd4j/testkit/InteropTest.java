package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.CommandFlags;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every peer, reached in every way, with both kinds of replies, and driven in every way. */
class InteropTest {

  private static final int SIZE = 2 << 20;
  private static final int DEPTH = 64;
  private static final int SLOT = SIZE / DEPTH;

  /** Who drives the connection. */
  enum Drive {
    BLOCKING,
    POLL,
    SELECTOR
  }

  static Stream<Arguments> conversations() {
    List<Arguments> all = new ArrayList<>();
    for (Peer peer : Peer.values()) {
      for (Way way : Way.values()) {
        for (boolean structured : new boolean[] {true, false}) {
          for (Drive drive : Drive.values()) {
            if (peer.ways().contains(way)) {
              all.add(Arguments.of(peer, way, structured, drive));
            }
          }
        }
      }
    }
    return all.stream();
  }

  @ParameterizedTest(name = "{0} over {1}, structured replies {2}, {3}")
  @MethodSource("conversations")
  void dataComesBackAsItWasWritten(Peer peer, Way way, boolean structured, Drive drive)
      throws Exception {
    peer.require();
    long seed = (peer + " over " + way + ", " + structured + ", " + drive).hashCode();
    String context = peer + " over " + way + ", " + drive + ", seed " + seed;
    Model model = new Model(SIZE, seed);
    try (PeerServer server = peer.serve(way, SIZE)) {
      PeerServer.Setup setup =
          handle -> {
            handle.setRequestStructuredReplies(structured);
            handle.addMetaContext(Workout.ALLOCATION);
          };
      switch (drive) {
        case BLOCKING -> {
          try (NbdHandle handle = server.connect(setup)) {
            converse(peer, structured, new Disk.Blocking(handle), model, context);
          }
        }
        case POLL ->
            converse(peer, structured, server, setup, new EventLoop.Polling(), model, context);
        case SELECTOR ->
            converse(peer, structured, server, setup, new EventLoop.Selecting(), model, context);
      }
      if (server.image() != null) {
        assertEquals(
            model.sha256(),
            Model.hex(Model.digest().digest(Files.readAllBytes(server.image()))),
            context);
      }
    }
  }

  private static void converse(
      Peer peer,
      boolean structured,
      PeerServer server,
      PeerServer.Setup setup,
      EventLoop eventLoop,
      Model model,
      String context)
      throws IOException {
    try (EventLoop loop = eventLoop;
        NbdHandle handle = server.connect(setup, loop)) {
      manyAtOnce(handle, loop, model, context);
      converse(peer, structured, new Disk.Asynchronous(handle, loop), model, context);
    }
  }

  private static void converse(
      Peer peer, boolean structured, Disk disk, Model model, String context) throws IOException {
    NbdHandle handle = disk.handle();
    assertTrue(handle.aioIsReady(), handle::connectionState);
    assertEquals("newstyle-fixed", handle.getProtocol(), context);
    boolean negotiated = structured && peer.structuredReplies();
    assertEquals(negotiated, handle.getStructuredRepliesNegotiated(), context);
    Set<Peer.Feature> wanted = EnumSet.copyOf(peer.features());
    if (!negotiated) {
      wanted.remove(Peer.Feature.EXTENTS);
    }
    Set<Peer.Feature> offered = Workout.features(handle);
    assertTrue(offered.containsAll(wanted), () -> context + ": only " + offered);
    new Workout(disk, model, context).run();
    disk.disconnect();
    assertTrue(handle.aioIsClosed(), handle::connectionState);
  }

  /** As many commands in flight as the caller cares to have, writes and then reads. */
  private static void manyAtOnce(NbdHandle handle, EventLoop loop, Model model, String context)
      throws IOException {
    int[] ended = new int[DEPTH];
    List<ByteBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < DEPTH; i++) {
      int slot = i;
      ByteBuffer buffer = model.write(new Model.Range(i * SLOT, SLOT));
      buffers.add(buffer);
      handle.aioPwrite(
          buffer,
          (long) i * SLOT,
          error -> {
            assertEquals(0, error, context);
            ended[slot]++;
            return true;
          },
          CommandFlags.NONE);
    }
    loop.until(handle, "the writes", () -> handle.aioInFlight() == 0);
    List<Integer> starts = new ArrayList<>();
    buffers.clear();
    for (int i = 0; i < DEPTH; i++) {
      int slot = i;
      ByteBuffer buffer = model.buffer(SLOT);
      buffers.add(buffer);
      starts.add(buffer.position());
      handle.aioPread(
          buffer,
          (long) i * SLOT,
          error -> {
            assertEquals(0, error, context);
            ended[slot]++;
            return true;
          });
    }
    loop.until(handle, "the reads", () -> handle.aioInFlight() == 0);
    for (int i = 0; i < DEPTH; i++) {
      assertEquals(2, ended[i], context + ", callbacks of slot " + i);
      model.check(buffers.get(i), starts.get(i), new Model.Range(i * SLOT, SLOT), context);
    }
  }
}
