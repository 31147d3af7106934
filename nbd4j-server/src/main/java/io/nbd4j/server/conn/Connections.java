package io.nbd4j.server.conn;

import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/**
 * The live connections of a server, and what they share.
 *
 * <p>Handshakes run on virtual threads. So do transmissions, except that the first ones have
 * platform threads: measured on two cores, a lone read of 4 KiB takes 22 us there and 55 us on a
 * virtual thread, which sleeps through a poller; an idle connection costs 127 KiB there and 21 KiB
 * on a virtual thread.
 */
public final class Connections {
  private static final String THREAD_NAME = "nbd4j-server-connection";
  private static final int PLATFORM_THREADS = 64;
  private static final Duration AFTER_ABORT = Duration.ofSeconds(2);

  private final ExportTable exports;
  private final Bounds bounds;
  private final Consumer<String> log;
  private final BufferPool pool;
  private final Set<Connection> live = ConcurrentHashMap.newKeySet();
  private final Semaphore platformThreads = new Semaphore(PLATFORM_THREADS);
  private volatile boolean closed;

  /** No connections yet. */
  public Connections(ExportTable exports, Bounds bounds, BufferPool pool, Consumer<String> log) {
    this.exports = exports;
    this.bounds = bounds;
    this.pool = pool;
    this.log = log;
  }

  /** Serves a link on the caller's thread until it ends; requests get threads from the factory. */
  public void serve(Link link, ThreadFactory requestThreads) {
    Connection connection = opened(link, requestThreads);
    Session session = connection.handshake();
    if (session == null) {
      live.remove(connection);
    } else {
      transmit(connection, session);
    }
  }

  /** Serves a link on threads of its own, unless there are too many connections. */
  void accept(Link link) throws IOException {
    if (live.size() >= bounds.connections()) {
      log.accept("connection refused: there are " + live.size());
      link.close();
      return;
    }
    Connection connection = opened(link, requestThreads());
    Thread.ofVirtual().name(THREAD_NAME).start(() -> run(connection));
  }

  private void run(Connection connection) {
    Session session = connection.handshake();
    if (session == null) {
      live.remove(connection);
    } else if (!platformThreads.tryAcquire()) {
      transmit(connection, session);
    } else {
      Thread platform =
          Thread.ofPlatform()
              .daemon()
              .name(THREAD_NAME)
              .unstarted(() -> transmitQuickly(connection, session));
      try {
        platform.start();
      } catch (OutOfMemoryError e) {
        // The system has no thread left, and this one does as well.
        transmitQuickly(connection, session);
      }
    }
  }

  private void transmitQuickly(Connection connection, Session session) {
    try {
      transmit(connection, session);
    } finally {
      platformThreads.release();
    }
  }

  private void transmit(Connection connection, Session session) {
    try {
      connection.transmit(session);
    } finally {
      live.remove(connection);
    }
  }

  private Connection opened(Link link, ThreadFactory requestThreads) {
    Connection connection = new Connection(exports, bounds, link, pool, requestThreads, log);
    live.add(connection);
    if (closed) {
      // The closing thread may have looked before this one was in the set.
      connection.stop();
    }
    return connection;
  }

  /** Threads for requests that may wait on anything but a file on a pipe. */
  public static ThreadFactory requestThreads() {
    return Thread.ofVirtual().name("nbd4j-server-request").factory();
  }

  /** How many there are. */
  public int count() {
    return live.size();
  }

  /** Ends all connections: each finishes what it has read, within the bound of the server. */
  public void close() {
    closed = true;
    Set<Connection> ending = Set.copyOf(live);
    ending.forEach(Connection::stop);
    long deadline = System.nanoTime() + bounds.closeTimeout().toNanos();
    boolean interrupted = false;
    for (Connection connection : ending) {
      try {
        Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
        if (interrupted || !connection.await(left)) {
          connection.abort();
          connection.await(AFTER_ABORT);
        }
      } catch (InterruptedException e) {
        interrupted = true;
        connection.abort();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
