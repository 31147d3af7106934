package io.nbd4j.engine.drive;

import io.nbd4j.engine.connect.Connector;
import io.nbd4j.net.posix.PosixException;
import io.nbd4j.net.spawn.SpawnedServer;
import io.nbd4j.net.spawn.Subprocess;
import java.time.Duration;

/** Ends a child process: politely at first, but never waiting for ever. */
final class Reaper {

  private static final int SIGKILL = 9;
  private static final int SIGTERM = 15;

  /** A killed process ends at once, unless the kernel itself is stuck. */
  private static final Duration KILLED_SOON = Duration.ofSeconds(10);

  private Reaper() {}

  /**
   * Waits for the child of a closed connection. One that took the connection as its standard input
   * ends by itself; a server with socket activation is asked to by SIGTERM. After each grace comes
   * the next stronger signal.
   */
  static void reap(Connector connector, Duration grace) {
    SpawnedServer server = connector.server();
    Subprocess child = connector.process();
    if (child != null) {
      if (server != null) {
        signal(child, SIGTERM);
      } else if (!child.awaitExit(grace)) {
        signal(child, SIGTERM);
      }
      if (!child.awaitExit(grace)) {
        signal(child, SIGKILL);
        child.awaitExit(KILLED_SOON);
      }
    }
    if (server != null) {
      server.cleanup();
    }
  }

  private static void signal(Subprocess child, int signum) {
    try {
      child.kill(signum);
    } catch (PosixException e) {
      // It has ended meanwhile.
    }
  }
}
