package io.nbd4j.script;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A server on a Unix socket that takes one connection and plays a script on a thread of its own.
 * When it is closed it waits for the script's end, and fails if the script did.
 */
public final class ScriptedServer implements AutoCloseable {

  /** The server's part. */
  @FunctionalInterface
  public interface Script {
    void play(Peer peer) throws Exception;
  }

  private final Path directory;
  private final Path socket;
  private final ServerSocketChannel listening;
  private final Thread thread;
  private volatile Peer peer;
  private volatile boolean closing;
  private volatile Throwable failure;

  private ScriptedServer(Script script) throws IOException {
    directory = Files.createTempDirectory("nbd4j-script");
    socket = directory.resolve("sock");
    listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listening.bind(UnixDomainSocketAddress.of(socket));
    thread = Thread.ofPlatform().daemon().name("scripted-server").unstarted(() -> run(script));
  }

  public static ScriptedServer start(Script script) {
    try {
      ScriptedServer server = new ScriptedServer(script);
      server.thread.start();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A server that negotiates and then answers every request with success. */
  public static ScriptedServer serving(Export export) {
    return start(peer -> {
      peer.greet(export);
      peer.serve();
    });
  }

  private void run(Script script) {
    try (Peer accepted = new Peer(listening.accept())) {
      peer = accepted;
      script.play(accepted);
    } catch (IOException e) {
      // The client went away, which is for the test to judge.
    } catch (Throwable e) {
      if (!closing) {
        failure = e;
      }
    }
  }

  /** The path to connect to. */
  public String socket() {
    return socket.toString();
  }

  public SocketAddress address() {
    return UnixDomainSocketAddress.of(socket);
  }

  /** A connected channel to hand over. */
  public SocketChannel connect() {
    try {
      return SocketChannel.open(address());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until the script has ended. */
  public void join() throws InterruptedException {
    thread.join();
    rethrow();
  }

  private void rethrow() {
    Throwable thrown = failure;
    if (thrown != null) {
      throw new AssertionError("the script failed: " + thrown, thrown);
    }
  }

  @Override
  public void close() {
    try {
      rethrow();
    } finally {
      end();
    }
  }

  private void end() {
    closing = true;
    boolean interrupted = Thread.interrupted();
    try {
      listening.close();
      Peer accepted = peer;
      if (accepted != null) {
        accepted.close();
      }
      thread.interrupt();
      thread.join();
      Files.deleteIfExists(socket);
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
