package io.nbd4j.testkit;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;

/**
 * All that a client needs to get to a server.
 *
 * @param way how
 * @param argv the command, for {@link Way#COMMAND} and {@link Way#ACTIVATION}
 * @param socket the Unix socket, if there is one
 * @param port the TCP port, if there is one
 * @param export the name of the export
 */
public record Route(Way way, List<String> argv, Path socket, int port, String export) {

  private static final String IPV4 = "127.0.0.1";
  private static final String IPV6 = "::1";
  private static final String HOST = "localhost";

  /** Connects, and waits until the handle is ready. */
  public void connect(NbdHandle handle) throws IOException {
    handle.setExportName(export);
    switch (way) {
      case COMMAND -> handle.connectCommand(argv);
      case ACTIVATION -> handle.connectSystemdSocketActivation(argv);
      case UNIX -> handle.connectUnix(socket.toString());
      case SOCKET -> handle.connectSocket(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
      case IPV4 -> handle.connectTcp(IPV4, Integer.toString(port));
      case IPV6 -> handle.connectTcp(IPV6, Integer.toString(port));
      case HOST_NAME -> handle.connectTcp(HOST, Integer.toString(port));
      case UNIX_URI, TCP_URI -> handle.connectUri(uri());
    }
  }

  /** Begins to connect. */
  public void aioConnect(NbdHandle handle) throws IOException {
    handle.setExportName(export);
    switch (way) {
      case COMMAND -> handle.aioConnectCommand(argv);
      case ACTIVATION -> handle.aioConnectSystemdSocketActivation(argv);
      case UNIX -> handle.aioConnectUnix(socket.toString());
      case SOCKET ->
          handle.aioConnectSocket(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
      case IPV4 -> handle.aioConnectTcp(IPV4, Integer.toString(port));
      case IPV6 -> handle.aioConnectTcp(IPV6, Integer.toString(port));
      case HOST_NAME -> handle.aioConnectTcp(HOST, Integer.toString(port));
      case UNIX_URI, TCP_URI -> handle.aioConnectUri(uri());
    }
  }

  /** The URI of the export. */
  public String uri() {
    return switch (way.listening()) {
      case UNIX -> "nbd+unix:///" + export + "?socket=" + socket;
      case IPV4 -> "nbd://" + IPV4 + ":" + port + "/" + export;
      case IPV6 -> "nbd://[" + IPV6 + "]:" + port + "/" + export;
      case NOT -> throw new IllegalStateException("no URI leads to a subprocess");
    };
  }

  /** Whether an attempt to connect failed only because the server does not listen yet. */
  static boolean notYetListening(IOException failure) {
    return switch (failure) {
      case NbdException e ->
          e.errno() == io.nbd4j.model.Errno.ECONNREFUSED
              || e.errno() == io.nbd4j.model.Errno.ENOENT;
      default ->
          failure instanceof java.net.ConnectException
              || failure instanceof java.net.SocketException;
    };
  }
}
