package io.nbd4j.server;

import io.nbd4j.net.posix.InheritedChannel;
import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.conn.Connections;
import io.nbd4j.server.conn.Export;
import io.nbd4j.server.conn.Link;
import io.nbd4j.server.conn.Listener;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A running NBD server.
 *
 * {@snippet :
 * try (NbdServer server =
 *     NbdServer.builder()
 *         .export("disk", MemoryBackend.of(new byte[1 << 20]))
 *         .listenTcp(new InetSocketAddress("127.0.0.1", 10809))
 *         .start()) {
 *   System.out.println(server.uris());
 *   server.join();
 * }
 * }
 *
 * <p>Its threads are virtual and do not keep the process alive; {@link #join} does. All methods may
 * be called from any thread.
 */
public final class NbdServer implements AutoCloseable {
  private static final Path STANDARD_INPUT = Path.of("/proc/self/fd/0");

  private final List<Export> exports;
  private final List<Listener> listeners;
  private final Connections connections;
  private final Consumer<String> log;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);

  NbdServer(
      List<Export> exports,
      List<Listener> listeners,
      Connections connections,
      Consumer<String> log) {
    this.exports = exports;
    this.listeners = new CopyOnWriteArrayList<>(listeners);
    this.connections = connections;
    this.log = log;
    listeners.forEach(listener -> listener.start(connections, log));
  }

  /**
   * Begins to describe a server.
   *
   * @return a description without exports and listeners
   */
  public static NbdServerBuilder builder() {
    return new NbdServerBuilder();
  }

  /**
   * Where the server listens, in the order in which it was told to, with the real ports.
   *
   * @return the addresses, none if there are no listeners
   */
  public List<SocketAddress> addresses() {
    return listeners.stream().map(Listener::address).toList();
  }

  /**
   * A URI for every export at every address, the exports of the first address first. A server that
   * listens on all addresses of the machine is named localhost.
   *
   * @return NBD URIs
   */
  public List<String> uris() {
    return addresses().stream()
        .flatMap(address -> exports.stream().map(export -> UriText.of(address, export.name())))
        .toList();
  }

  /**
   * The number of connections now.
   *
   * @return 0 or more
   */
  public int connections() {
    return connections.count();
  }

  /**
   * Serves one connected socket, and returns when the connection has ended. An interrupt of the
   * thread ends it.
   *
   * @param socket an open, connected socket, which will be closed
   * @throws IOException if it cannot be used
   */
  public void serve(SocketChannel socket) throws IOException {
    connections.serve(Link.of(Listener.prepared(socket)), Connections.requestThreads());
  }

  /**
   * Serves one client over two channels, such as two pipes, and returns when the connection has
   * ended. Requests run on platform threads, because such channels may block the thread that uses
   * them.
   *
   * @param in what the client sends, in blocking mode; it will be closed
   * @param out what the client receives, in blocking mode; it will be closed
   */
  public void serve(ReadableByteChannel in, GatheringByteChannel out) {
    ThreadFactory platform = Thread.ofPlatform().daemon().name("nbd4j-server-request").factory();
    connections.serve(Link.of(in, out), platform);
  }

  /**
   * Serves the client at standard input and output, and returns when it has left. Standard input
   * may be a socket for both directions. Nothing else may use either of them.
   *
   * @throws IOException if they cannot be used
   * @throws InterruptedException if standard input listens, and the thread is interrupted; the
   *     server goes on
   */
  public void serveStdio() throws IOException, InterruptedException {
    if (isSocket(STANDARD_INPUT)) {
      serveInherited(0, "standard input");
    } else {
      serve(
          new FileInputStream(FileDescriptor.in).getChannel(),
          new FileOutputStream(FileDescriptor.out).getChannel());
    }
  }

  /**
   * Serves the socket that systemd hands over: accepts connections from it until {@link #close}, or
   * serves it until the client leaves if it is connected. It returns then. This works once in a
   * process.
   *
   * @throws IOException if no socket was handed to this process, or more than one
   * @throws InterruptedException if the thread is interrupted; the server goes on
   */
  public void serveInherited() throws IOException, InterruptedException {
    Activation.check(System.getenv(), ProcessHandle.current().pid());
    serveInherited(Activation.FIRST, "the socket of LISTEN_FDS");
  }

  private void serveInherited(int descriptor, String name)
      throws IOException, InterruptedException {
    Channel channel = InheritedChannel.open(descriptor);
    switch (channel) {
      case SocketChannel socket -> serve(socket);
      case ServerSocketChannel listening -> {
        Listener listener = Listener.inherited(listening);
        listeners.add(listener);
        if (closing.get()) {
          listener.close();
        } else {
          listener.start(connections, log);
        }
        join();
      }
      default -> {
        channel.close();
        throw new IOException(name + " is neither connected nor listening");
      }
    }
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /**
   * Waits until the server is closed.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  public void join() throws InterruptedException {
    closed.await();
  }

  /**
   * Ends the server: no more connections, requests in flight finish within {@link
   * Limits#closeTimeout}, the files of Unix sockets are removed, the backends closed. Closing again
   * waits for the first call.
   *
   * @throws IOException if a listener or a backend cannot be closed; everything else is closed all
   *     the same
   */
  @Override
  public void close() throws IOException {
    if (!closing.compareAndSet(false, true)) {
      awaitClosed();
      return;
    }
    IOException failure = null;
    try {
      for (Listener listener : listeners) {
        failure = closeOne(listener::close, failure);
      }
      connections.close();
      Set<Backend> backends = Collections.newSetFromMap(new IdentityHashMap<>());
      exports.forEach(export -> backends.add(export.backend()));
      for (Backend backend : backends) {
        failure = closeOne(backend::close, failure);
      }
    } finally {
      closed.countDown();
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void awaitClosed() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What has to be closed, with the failure that is thrown. */
  @FunctionalInterface
  private interface Closing {
    void close() throws IOException;
  }

  private static @Nullable IOException closeOne(Closing closing, @Nullable IOException before) {
    try {
      closing.close();
      return before;
    } catch (IOException | RuntimeException e) {
      if (before == null) {
        return e instanceof IOException io ? io : new IOException(e);
      }
      before.addSuppressed(e);
      return before;
    }
  }
}
