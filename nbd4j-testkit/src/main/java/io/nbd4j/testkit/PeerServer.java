package io.nbd4j.testkit;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import io.nbd4j.server.NbdServer;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A server that a test may connect to: one that runs, or the command that will be run. */
public final class PeerServer implements AutoCloseable {

  /** What is done to a handle before it connects. */
  @FunctionalInterface
  public interface Setup {
    /** Nothing. */
    Setup NONE = handle -> {};

    void accept(NbdHandle handle) throws NbdException;
  }

  /** One attempt to connect. */
  @FunctionalInterface
  private interface Attempt {
    void connect(NbdHandle handle) throws IOException;
  }

  private final PrivateDirectory directory;
  private final Route route;
  private final @Nullable Path image;
  private final @Nullable RunningProgram program;
  private final @Nullable NbdServer server;

  PeerServer(
      PrivateDirectory directory,
      Route route,
      @Nullable Path image,
      @Nullable RunningProgram program,
      @Nullable NbdServer server) {
    this.directory = directory;
    this.route = route;
    this.image = image;
    this.program = program;
    this.server = server;
  }

  public Route route() {
    return route;
  }

  /** The file whose bytes are those of the export, or null. */
  public @Nullable Path image() {
    return image;
  }

  /** The program that runs in the background. */
  public RunningProgram program() {
    if (program == null) {
      throw new IllegalStateException("no program was started");
    }
    return program;
  }

  /** Connects a new handle by the blocking call, as soon as the server listens. */
  public NbdHandle connect(Setup setup) throws IOException {
    return connect(setup, route::connect);
  }

  /** Connects a new handle by the asynchronous call, as soon as the server listens. */
  public NbdHandle connect(Setup setup, EventLoop loop) throws IOException {
    return connect(
        setup,
        handle -> {
          route.aioConnect(handle);
          loop.until(handle, "connection", () -> !handle.aioIsConnecting());
        });
  }

  private NbdHandle connect(Setup setup, Attempt attempt) throws IOException {
    Deadline deadline = Deadline.fromNow();
    while (true) {
      NbdHandle handle = new NbdHandle();
      boolean connected = false;
      try {
        setup.accept(handle);
        attempt.connect(handle);
        connected = true;
        return handle;
      } catch (IOException e) {
        if (program == null || !Route.notYetListening(e)) {
          throw e;
        }
        if (!program.alive()) {
          throw new IOException("the server has ended: " + program, e);
        }
      } finally {
        if (!connected) {
          handle.close();
        }
      }
      deadline.pause(() -> "the server listens: " + program);
    }
  }

  /** Ends the server and removes its files. */
  @Override
  public void close() throws IOException {
    try (directory) {
      if (program != null) {
        program.close();
      }
      if (server != null) {
        server.close();
      }
    }
  }
}
