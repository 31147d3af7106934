package io.nbd4j.server.conn;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A listening socket, and the thread that accepts from it. */
public final class Listener {
  private static final int BACKLOG = 1024;
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(2);

  /**
   * Larger sends mean fewer changes between the two processes; systems cut it to what they allow.
   */
  private static final int UNIX_SEND_BUFFER = 1 << 21;

  private final ServerSocketChannel channel;
  private final SocketAddress address;
  private final @Nullable Path socketFile;
  private final @Nullable Object socketFileKey;
  private @Nullable Thread acceptor;

  private Listener(ServerSocketChannel channel, @Nullable Path socketFile) throws IOException {
    this.channel = channel;
    this.address = Objects.requireNonNull(channel.getLocalAddress(), "not bound");
    this.socketFile = socketFile;
    this.socketFileKey = socketFile == null ? null : fileKey(socketFile);
  }

  /** Binds a TCP address; port 0 takes any free one. */
  public static Listener tcp(InetSocketAddress address) throws IOException {
    return bound(ServerSocketChannel.open(), address, null);
  }

  /** Binds a Unix socket, whose file must not exist. */
  public static Listener unix(Path path) throws IOException {
    return bound(
        ServerSocketChannel.open(StandardProtocolFamily.UNIX),
        UnixDomainSocketAddress.of(path),
        path.toAbsolutePath());
  }

  /**
   * Takes over a socket that listens already; its file, if it has one, is not this process's to
   * remove.
   */
  public static Listener inherited(ServerSocketChannel channel) throws IOException {
    channel.configureBlocking(true);
    return new Listener(channel, null);
  }

  private static Listener bound(
      ServerSocketChannel channel, SocketAddress address, @Nullable Path socketFile)
      throws IOException {
    try {
      channel.bind(address, BACKLOG);
      return new Listener(channel, socketFile);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Where it listens, with the real port. */
  public SocketAddress address() {
    return address;
  }

  /** Begins to accept. */
  public void start(Connections connections, Consumer<String> log) {
    acceptor =
        Thread.ofVirtual().name("nbd4j-server-acceptor").start(() -> acceptAll(connections, log));
  }

  /** Stops accepting, and removes the socket's file. */
  public void close() throws IOException {
    try {
      channel.close();
      if (acceptor != null) {
        acceptor.join(LONGEST_STOP);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      removeSocketFile();
    }
  }

  private void acceptAll(Connections connections, Consumer<String> log) {
    while (true) {
      try {
        SocketChannel client = channel.accept();
        connections.accept(Link.of(prepared(client)));
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException | RuntimeException e) {
        log.accept("accepting on " + address + " failed: " + e);
        try {
          // Mostly too many open files: it takes a while until some are closed.
          Thread.sleep(PAUSE);
        } catch (InterruptedException _) {
          return;
        }
      }
    }
  }

  /** Sets what makes a connected socket quick. */
  public static SocketChannel prepared(SocketChannel client) throws IOException {
    try {
      client.configureBlocking(true);
      if (client.getLocalAddress() instanceof InetSocketAddress) {
        client.setOption(StandardSocketOptions.TCP_NODELAY, true);
      } else {
        client.setOption(StandardSocketOptions.SO_SNDBUF, UNIX_SEND_BUFFER);
      }
      return client;
    } catch (IOException | RuntimeException e) {
      client.close();
      throw e;
    }
  }

  private void removeSocketFile() throws IOException {
    // Somebody may have put another socket there.
    if (socketFile != null
        && Files.exists(socketFile)
        && Objects.equals(socketFileKey, fileKey(socketFile))) {
      Files.deleteIfExists(socketFile);
    }
  }

  private static @Nullable Object fileKey(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
  }
}
