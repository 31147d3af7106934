package io.nbd4j.testkit;

import io.nbd4j.NbdHandle;
import io.nbd4j.server.NbdServer;
import java.nio.ByteBuffer;

/**
 * A program for a Java with one carrier thread: if waiting for the server kept it, the second
 * virtual thread would never get to its read.
 */
final class OneCarrier {

  private static final int READERS = 64;

  private OneCarrier() {}

  public static void main(String[] arguments) throws Exception {
    GatedBackend backend = new GatedBackend();
    try (NbdServer server = backend.serve();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUri(server.uris().getFirst());
      Crew crew = new Crew();
      try {
        crew.start(
            READERS,
            Crew.Kind.VIRTUAL,
            () -> handle.pread(ByteBuffer.allocate(512), GatedBackend.GATED));
        Deadline.await(
            () -> "only " + backend.waiting() + " reads at the server",
            () -> backend.waiting() == READERS && handle.aioInFlight() == READERS);
        System.out.println(READERS + " reads waited on one carrier");
      } finally {
        backend.open();
        crew.join();
      }
    }
  }
}
