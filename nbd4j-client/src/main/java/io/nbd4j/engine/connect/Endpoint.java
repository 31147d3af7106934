package io.nbd4j.engine.connect;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.List;

/** What a handle connects to. */
public sealed interface Endpoint {

  /** A longer command line is cut in messages. */
  int SHOWN_COMMAND = 80;

  /** A host, all of whose addresses are tried, and a port number or service name. */
  record Tcp(String host, String port) implements Endpoint {}

  /** The path of a Unix socket. */
  record Unix(String path) implements Endpoint {}

  /** One socket address. */
  record Address(SocketAddress address) implements Endpoint {}

  /** A connected channel that the caller hands over. */
  record Socket(SocketChannel channel) implements Endpoint {}

  /** A command that speaks the protocol on its standard input and output. */
  record Command(List<String> argv) implements Endpoint {}

  /** A command that takes a listening socket by systemd's convention. */
  record Activation(List<String> argv, String socketName) implements Endpoint {}

  /** The endpoint as error messages name it. */
  default String describe() {
    return switch (this) {
      case Tcp(String host, String port) -> host + ":" + port;
      case Unix(String path) -> "unix:" + path;
      case Address(UnixDomainSocketAddress address) -> "unix:" + address.getPath();
      case Address(InetSocketAddress address) -> address.getHostString() + ":" + address.getPort();
      case Address(SocketAddress address) -> address.toString();
      case Socket socket -> "connected socket";
      case Command(List<String> argv) -> "command: " + shown(argv);
      case Activation(List<String> argv, String socketName) -> "command: " + shown(argv);
    };
  }

  private static String shown(List<String> argv) {
    String line = String.join(" ", argv);
    return line.length() <= SHOWN_COMMAND ? line : line.substring(0, SHOWN_COMMAND - 3) + "...";
  }
}
