package io.nbd4j.tools.serve;

import io.nbd4j.tools.cli.UsageException;
import java.net.InetSocketAddress;

/** TCP addresses as the command line writes them. */
final class TcpAddress {
  private static final int LAST_PORT = 65535;

  private TcpAddress() {}

  /**
   * Reads {@code HOST:PORT}, {@code [IPV6]:PORT} or {@code :PORT}, which is any address of this
   * machine.
   *
   * @throws UsageException if it is none of them, or the host has no address
   */
  static InetSocketAddress parse(String text) throws UsageException {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw UsageException.refused("--tcp: HOST:PORT is needed, not " + text);
    }
    String host = text.substring(0, colon);
    int port = port(text.substring(colon + 1), text);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (host.indexOf(':') >= 0 && !bracketed) {
      throw UsageException.refused("--tcp: an IPv6 address needs brackets: " + text);
    }
    InetSocketAddress address =
        host.isEmpty()
            ? new InetSocketAddress(port)
            : new InetSocketAddress(bracketed ? host.substring(1, host.length() - 1) : host, port);
    if (address.isUnresolved()) {
      throw UsageException.refused("--tcp: unknown host: " + host);
    }
    return address;
  }

  private static int port(String digits, String text) throws UsageException {
    try {
      int port = Integer.parseInt(digits);
      if (port >= 0 && port <= LAST_PORT) {
        return port;
      }
    } catch (NumberFormatException e) {
      // The same answer as to a number that is no port.
    }
    throw UsageException.refused("--tcp: not a port: " + text);
  }
}
