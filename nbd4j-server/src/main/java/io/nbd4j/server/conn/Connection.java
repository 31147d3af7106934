package io.nbd4j.server.conn;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client, from its greeting to its end: {@link #handshake}, then {@link #transmit} if that
 * leads to a session. They need not run on the same thread. The other methods come from outside.
 */
final class Connection {
  private final ExportTable exports;
  private final Bounds bounds;
  private final Link link;
  private final BufferPool pool;
  private final ThreadFactory requestThreads;
  private final Consumer<String> log;
  private final Input input;
  private final InFlight inFlight;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean stopping;
  private volatile boolean negotiating = true;

  Connection(
      ExportTable exports,
      Bounds bounds,
      Link link,
      BufferPool pool,
      ThreadFactory requestThreads,
      Consumer<String> log) {
    this.exports = exports;
    this.bounds = bounds;
    this.link = link;
    this.pool = pool;
    this.requestThreads = requestThreads;
    this.log = log;
    this.input = new Input(link, pool);
    this.inFlight = new InFlight(bounds);
  }

  /** Something that a client may end. */
  @FunctionalInterface
  private interface Phase {
    void run() throws IOException;
  }

  /**
   * Agrees with the client on a session; null if there is none, and then the connection has ended.
   */
  @Nullable Session handshake() {
    Thread timer = handshakeTimer();
    // A lambda can only fill in what is not a local variable.
    Session[] agreed = new Session[1];
    guarded(() -> agreed[0] = new Handshake(exports, bounds.payload(), input, link).run());
    negotiating = false;
    timer.interrupt();
    if (agreed[0] == null) {
      end();
    }
    return agreed[0];
  }

  /** Serves requests until the connection has ended. */
  void transmit(Session session) {
    input.shrink();
    guarded(() ->
        new RequestLoop(
                session, bounds, input, link, pool, inFlight, requestThreads, () -> stopping, log)
            .run());
    end();
  }

  /** Makes the connection end after the requests that it has read. */
  void stop() {
    stopping = true;
    try {
      link.endReading();
    } catch (IOException e) {
      abort();
    }
  }

  /** Cuts the connection. */
  void abort() {
    try {
      link.close();
    } catch (IOException e) {
      log.accept("closing a connection failed: " + e);
    }
  }

  /** Waits for the end; false if it takes longer. */
  boolean await(Duration atMost) throws InterruptedException {
    return ended.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void guarded(Phase phase) {
    try {
      phase.run();
    } catch (EOFException | ClosedChannelException e) {
      // The client left, or the server made it.
    } catch (ProtocolViolationException e) {
      log.accept("connection ended: " + e.getMessage());
    } catch (Throwable e) {
      // Whatever it is, it ends this connection and nothing else.
      log.accept("connection lost: " + e);
    }
  }

  private void end() {
    input.release();
    if (!inFlight.drain(bounds.closeTimeout())) {
      log.accept("a connection ends with requests that are still in flight");
    }
    abort();
    ended.countDown();
  }

  private Thread handshakeTimer() {
    return Thread.ofVirtual()
        .name("nbd4j-server-handshake-timer")
        .start(() -> {
          try {
            Thread.sleep(bounds.handshakeTimeout());
          } catch (InterruptedException e) {
            return;
          }
          if (negotiating) {
            log.accept("connection ended: the handshake took too long");
            abort();
          }
        });
  }
}
