package io.nbd4j.server;

import io.nbd4j.uri.NbdUri;
import io.nbd4j.uri.NbdUri.Transport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import org.jspecify.annotations.Nullable;

/** NBD URIs of what a server listens on. */
final class UriText {
  private UriText() {}

  static String of(SocketAddress address, String export) {
    return switch (address) {
      case InetSocketAddress inet ->
          uri(Transport.TCP, host(inet.getAddress()), inet.getPort(), export, null);
      case UnixDomainSocketAddress unix ->
          // A client has its own working directory.
          uri(Transport.UNIX, null, -1, export, unix.getPath().toAbsolutePath().toString());
      default -> throw new IllegalStateException("an address without a URI: " + address);
    };
  }

  private static String host(InetAddress address) {
    return address.isAnyLocalAddress() ? "localhost" : address.getHostAddress();
  }

  private static String uri(
      Transport transport,
      @Nullable String host,
      int port,
      String export,
      @Nullable String socket) {
    return new NbdUri(transport, false, null, host, port, export, socket, null, null, null, null)
        .toString();
  }
}
