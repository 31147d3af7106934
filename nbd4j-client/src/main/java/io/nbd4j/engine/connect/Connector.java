package io.nbd4j.engine.connect;

import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Trace;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException.Kind;
import io.nbd4j.net.ChannelTransport;
import io.nbd4j.net.spawn.SpawnedCommand;
import io.nbd4j.net.spawn.SpawnedServer;
import io.nbd4j.net.spawn.Spawner;
import io.nbd4j.net.spawn.Subprocess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.file.InvalidPathException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Makes one connection, without waiting for the server: {@link #start} begins, and {@link #advance}
 * goes on when the socket is writable. Only looking up a host's addresses takes its time.
 */
public final class Connector {

  /** The size of {@code sun_path}, with its final NUL. */
  private static final int SUN_PATH = 108;

  private final Endpoint endpoint;
  private final Trace trace;
  private final Deque<InetSocketAddress> addresses = new ArrayDeque<>();
  private @Nullable Failure firstFailure;
  private @Nullable SocketChannel channel;
  private @Nullable ChannelTransport transport;
  private @Nullable Subprocess process;
  private @Nullable SpawnedServer server;
  private boolean begun;

  public Connector(Endpoint endpoint, Trace trace) {
    this.endpoint = endpoint;
    this.trace = trace;
  }

  public Endpoint endpoint() {
    return endpoint;
  }

  /**
   * Begins.
   *
   * @return whether the connection is there already
   */
  public boolean start() throws Failure {
    return switch (endpoint) {
      case Endpoint.Tcp(String host, String port) -> {
        resolve(host, port);
        yield tryNext();
      }
      case Endpoint.Unix(String path) -> connect(unixAddress(path));
      case Endpoint.Address(SocketAddress address) -> connect(address);
      case Endpoint.Socket(SocketChannel handed) -> {
        begun = true;
        if (!handed.isConnected()) {
          close(handed);
          throw Failure.usage(Errno.ENOTCONN, "the socket is not connected");
        }
        yield connected(handed);
      }
      case Endpoint.Command command -> {
        begun = true;
        try {
          SpawnedCommand spawned = Spawner.command(command.argv());
          process = spawned.process();
          yield connected(spawned.channel());
        } catch (IOException e) {
          throw notSpawned(e);
        }
      }
      case Endpoint.Activation activation -> {
        begun = true;
        try {
          SpawnedServer spawned =
              Spawner.socketActivation(activation.argv(), activation.socketName());
          server = spawned;
          process = spawned.process();
          yield connect(UnixDomainSocketAddress.of(spawned.socket()));
        } catch (IOException e) {
          throw notSpawned(e);
        }
      }
    };
  }

  private static Failure notSpawned(IOException e) {
    int errno = SystemErrno.of(e);
    String text = String.valueOf(e.getMessage());
    String suffix = ": " + Errno.text(errno);
    return new Failure(
        Kind.TRANSPORT,
        errno,
        text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text,
        e);
  }

  /** Goes on after the socket has become writable; the result is that of {@link #start}. */
  public boolean advance() throws Failure {
    SocketChannel pending = channel;
    if (pending == null) {
      throw new IllegalStateException("no connection is being made");
    }
    try {
      if (!pending.finishConnect()) {
        return false;
      }
      return connected(pending);
    } catch (IOException e) {
      return failed(e);
    }
  }

  /** Whether a failure leaves the handle as new, so that another attempt may be made. */
  public boolean restartable() {
    return endpoint instanceof Endpoint.Tcp || !begun;
  }

  /** The transport of the connection that was made or is being made. */
  public @Nullable ChannelTransport transport() {
    return transport;
  }

  public @Nullable Subprocess process() {
    return process;
  }

  /** The server that was started with socket activation, or null. */
  public @Nullable SpawnedServer server() {
    return server;
  }

  private void resolve(String host, String port) throws Failure {
    String question = "getaddrinfo: hostname \"" + host + "\" port \"" + port + "\": ";
    int number = Services.port(port);
    if (number < 0) {
      throw new Failure(
          Kind.USAGE, Errno.NONE, question + "Servname not supported for ai_socktype");
    }
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        addresses.add(new InetSocketAddress(address, number));
      }
    } catch (UnknownHostException e) {
      throw new Failure(Kind.TRANSPORT, Errno.NONE, question + "Name or service not known", e);
    }
  }

  private static UnixDomainSocketAddress unixAddress(String path) throws Failure {
    UnixDomainSocketAddress address;
    try {
      address = UnixDomainSocketAddress.of(path);
    } catch (InvalidPathException e) {
      throw new Failure(Kind.USAGE, Errno.EINVAL, "socket name is not valid: " + path, e);
    }
    if (path.getBytes(java.nio.charset.StandardCharsets.UTF_8).length >= SUN_PATH) {
      throw Failure.usage(Errno.ENAMETOOLONG, "socket name too long: " + path);
    }
    return address;
  }

  /** Tries the next address of the name, and the ones after it if it fails at once. */
  private boolean tryNext() throws Failure {
    InetSocketAddress next = addresses.poll();
    if (next == null) {
      Failure first = firstFailure;
      throw first != null ? first : Failure.usage(Errno.EINVAL, "the host has no address");
    }
    trace.message("connecting to " + next);
    return connect(next);
  }

  private boolean connect(SocketAddress address) throws Failure {
    begun = true;
    try {
      SocketChannel opened =
          address instanceof UnixDomainSocketAddress
              ? SocketChannel.open(java.net.StandardProtocolFamily.UNIX)
              : SocketChannel.open();
      channel = opened;
      ChannelTransport.tune(opened);
      ChannelTransport started = new ChannelTransport(opened);
      transport = started;
      if (opened.connect(address)) {
        return true;
      }
      if (address instanceof UnixDomainSocketAddress) {
        throw new IOException(Errno.text(Errno.EAGAIN));
      }
      return false;
    } catch (IOException e) {
      return failed(e);
    } catch (UnresolvedAddressException | UnsupportedAddressTypeException e) {
      throw new Failure(
          Kind.USAGE, Errno.EAFNOSUPPORT, "connect: the address can't be used: " + address, e);
    }
  }

  private boolean failed(IOException e) throws Failure {
    ChannelTransport broken = transport;
    if (broken != null) {
      broken.close();
    }
    transport = null;
    channel = null;
    int errno = SystemErrno.of(e);
    if (endpoint instanceof Endpoint.Tcp(String host, String port)) {
      if (firstFailure == null) {
        firstFailure =
            new Failure(
                Kind.TRANSPORT,
                errno,
                "connect: " + host + ":" + port + ": could not connect to remote host",
                e);
      }
      return tryNext();
    }
    String text = "connect" + SystemErrno.detail(e);
    if (errno == Errno.EAGAIN) {
      text = "connect: server backlog overflowed, see whether it accepts connections";
    }
    throw new Failure(Kind.TRANSPORT, errno, text, e);
  }

  private boolean connected(SocketChannel ready) throws Failure {
    if (transport == null) {
      channel = ready;
      ChannelTransport.tune(ready);
      try {
        transport = new ChannelTransport(ready);
      } catch (IOException | RuntimeException e) {
        close(ready);
        throw new Failure(Kind.TRANSPORT, Errno.EINVAL, "the socket can't be used: " + e, e);
      }
    }
    return true;
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // It is given up anyway.
    }
  }
}
