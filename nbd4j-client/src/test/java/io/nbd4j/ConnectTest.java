package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.AllowTransport;
import io.nbd4j.model.Direction;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.model.TlsMode;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.Export;
import io.nbd4j.script.Messages;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a connection comes about, and how it does not. */
final class ConnectTest {

  private static final Export EXPORT = Export.of(1 << 20);

  private static void pollUntilReady(NbdHandle handle) throws NbdException {
    while (handle.aioIsConnecting()) {
      handle.poll(-1);
    }
    assertTrue(handle.aioIsReady(), handle.connectionState());
    handle.pread(ByteBuffer.allocate(8), 0);
  }

  @Test
  void overEachOfTheWaysToAUnixSocket() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      pollUntilReady(handle);
      assertEquals("nbd+unix:///?socket=" + server.socket(), handle.getUri());
    }
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.aioConnectUnix(server.socket());
      pollUntilReady(handle);
    }
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.aioConnect(server.address());
      pollUntilReady(handle);
      assertEquals("nbd+unix:///?socket=" + server.socket(), handle.getUri());
    }
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.connectSocket(server.connect());
      pollUntilReady(handle);
      fails(Errno.EINVAL, handle::getUri);
    }
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.aioConnectSocket(server.connect());
      pollUntilReady(handle);
    }
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUri("nbd+unix:///a%20b?socket=" + server.socket());
      pollUntilReady(handle);
      assertEquals("a b", handle.getExportName());
    }
  }

  @Test
  void aMissingUnixSocketIsTheEnd(@TempDir Path directory) throws IOException {
    String missing = directory.resolve("missing").toString();
    try (NbdHandle handle = new NbdHandle()) {
      NbdException failure =
          fails(Errno.ENOENT, "nbd_connect_unix: connect", () -> handle.connectUnix(missing));
      assertEquals("unix:" + missing, failure.endpoint());
      assertEquals(NbdException.Kind.TRANSPORT, failure.kind());
      assertTrue(handle.aioIsDead());
      assertEquals(0, handle.aioGetDirection());
      fails(
          Errno.EINVAL,
          "nbd_connect_unix: invalid state: DEAD: the handle must be newly created",
          () -> handle.connectUnix(missing));
    }
  }

  @Test
  void aPathThatIsTooLongIsNoAttempt() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      String path = "/" + "x".repeat(107);
      fails(
          Errno.ENAMETOOLONG,
          "nbd_connect_unix: socket name too long: " + path,
          () -> handle.connectUnix(path));
      assertTrue(handle.aioIsCreated());
      handle.connectUnix(server.socket());
      assertTrue(handle.aioIsReady());
    }
  }

  @Test
  void aRefusedTcpConnectionLeavesTheHandleAsNew() throws Exception {
    int free;
    try (ServerSocket reserved = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = reserved.getLocalPort();
    }
    try (ServerSocketChannel listening =
            ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        NbdHandle handle = new NbdHandle()) {
      String host = "127.0.0.1";
      fails(
          Errno.ECONNREFUSED,
          "nbd_connect_tcp: connect: " + host + ":" + free + ": could not connect to remote host",
          () -> handle.connectTcp(host, Integer.toString(free)));
      assertTrue(handle.aioIsCreated());
      NbdException unresolved =
          assertThrows(NbdException.class, () -> handle.connectTcp(host, "no-such-service"));
      assertEquals(0, unresolved.errno());
      assertTrue(
          unresolved
              .text()
              .startsWith(
                  "nbd_connect_tcp: getaddrinfo: hostname \"127.0.0.1\" port \"no-such-service\": "),
          unresolved.text());
      assertTrue(handle.aioIsCreated());
      int port = ((InetSocketAddress) listening.getLocalAddress()).getPort();
      handle.aioConnectTcp(host, Integer.toString(port));
      try (SocketChannel accepted = listening.accept()) {
        accepted.write(ByteBuffer.wrap(Messages.oldstyle(4096, 3).toArray()));
        while (handle.aioIsConnecting()) {
          handle.poll(-1);
        }
        assertTrue(handle.aioIsReady(), handle.connectionState());
        assertEquals("nbd://127.0.0.1:" + port + "/", handle.getUri());
      }
    }
  }

  @Test
  void aSocketThatIsNotConnectedIsTheEnd() throws IOException {
    try (NbdHandle handle = new NbdHandle();
        SocketChannel unconnected = SocketChannel.open()) {
      fails(Errno.ENOTCONN, () -> handle.connectSocket(unconnected));
      assertTrue(handle.aioIsDead());
      assertFalse(unconnected.isOpen());
    }
  }

  @Test
  void aCommandThatIsMissingIsTheEnd(@TempDir Path directory) throws IOException {
    String missing = directory.resolve("missing").toString();
    try (NbdHandle handle = new NbdHandle()) {
      NbdException failure =
          fails(Errno.ENOENT, () -> handle.connectCommand(List.of(missing, "-s")));
      assertEquals("command: " + missing + " -s", failure.endpoint());
      assertTrue(handle.aioIsDead());
    }
  }

  @Test
  void theDirectionTellsWhatIsWaitedFor() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.send(Messages.newstyle(3));
              peer.receive(4);
              peer.negotiate(EXPORT);
              peer.serve();
            });
        NbdHandle handle = new NbdHandle()) {
      assertEquals(0, handle.aioGetDirection());
      handle.setOptMode(true);
      handle.aioConnectSocket(server.connect());
      while (handle.aioIsConnecting()) {
        int direction = handle.aioGetDirection();
        assertTrue(direction == Direction.READ || direction == Direction.WRITE, "" + direction);
        handle.poll(-1);
      }
      assertTrue(handle.aioIsNegotiating());
      assertEquals(0, handle.aioGetDirection());
      fails(
          Errno.EINVAL, "nbd_poll: nothing to poll for in state NEGOTIATING", () -> handle.poll(0));
      handle.optGo();
      assertEquals(Direction.READ, handle.aioGetDirection());
      handle.shutdown();
      assertEquals(0, handle.aioGetDirection());
    }
  }

  @Test
  void aServerThatIsNoneOrGoesAwayIsTheEnd() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(peer -> {});
        NbdHandle handle = new NbdHandle()) {
      NbdException failure =
          assertThrows(NbdException.class, () -> handle.connectUnix(server.socket()));
      assertTrue(failure.text().startsWith("nbd_connect_unix: recv"), failure.text());
      assertTrue(handle.aioIsDead());
    }
    Bytes hello = new Bytes().text("HTTP/1.1 400 Bad Request\r\n");
    try (ScriptedServer server = ScriptedServer.start(peer -> peer.send(hello));
        NbdHandle handle = new NbdHandle()) {
      NbdException failure =
          fails(
              0,
              "nbd_connect_socket: handshake: server did not send expected NBD magic",
              () -> handle.connectSocket(server.connect()));
      assertEquals("MAGIC.RECV_MAGIC", failure.phase());
      assertEquals(NbdException.Kind.PROTOCOL, failure.kind());
      assertTrue(handle.aioIsDead());
      assertEquals(
          "DEAD: Connection is in an unrecoverable error state, can only be closed",
          handle.connectionState());
    }
  }

  @Test
  void aRefusedExportIsTheEndOutsideOfOptMode() throws Exception {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.begin();
              peer.expectOption(Messages.EXTENDED_HEADERS);
              peer.send(Messages.ack(Messages.EXTENDED_HEADERS));
              peer.expectOption(Messages.GO);
              peer.send(Messages.refusal(Messages.GO, Messages.ERR_UNKNOWN, "no such thing\u0007"));
              peer.expectOption(Messages.ABORT);
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.setExportName("gone");
      NbdException failure = fails(Errno.ENOENT, () -> handle.connectUnix(server.socket()));
      assertTrue(failure.text().contains("no such thing\\x07"), failure.text());
      assertEquals("gone", failure.export());
      assertTrue(handle.aioIsDead());
      server.join();
    }
  }

  @Test
  void theUriPolicyIsObeyed() throws IOException {
    try (NbdHandle handle = new NbdHandle()) {
      handle.setUriAllowTransports(AllowTransport.UNIX);
      fails(
          Errno.EPERM,
          "nbd_connect_uri: URI transport nbd is not permitted",
          () -> handle.connectUri("nbd://localhost/"));
      handle.setUriAllowTransports(AllowTransport.TCP);
      fails(
          Errno.EPERM,
          "nbd_aio_connect_uri: URI transport nbd+unix is not permitted",
          () -> handle.aioConnectUri("nbd+unix:///?socket=/x"));
      handle.setUriAllowTransports(AllowTransport.MASK);
      handle.setUriAllowTls(TlsMode.REQUIRE);
      fails(Errno.EPERM, () -> handle.connectUri("nbd://localhost/"));
      handle.setUriAllowTls(TlsMode.DISABLE);
      fails(Errno.EPERM, () -> handle.connectUri("nbds://localhost/"));
      handle.setUriAllowTls(TlsMode.ALLOW);
      fails(Errno.EPERM, () -> handle.connectUri("nbds://localhost/?tls-psk-file=/etc/psk"));
      fails(Errno.EINVAL, () -> handle.connectUri("http://localhost/"));
      fails(Errno.EINVAL, () -> handle.connectUri("nbd+unix:///"));
      fails(Errno.EINVAL, () -> handle.connectUri("nbd://localhost/?socket=/x"));
      assertTrue(handle.aioIsCreated(), "nothing was attempted");
      assertEquals("", handle.getExportName());
      assertTrue(NbdHandle.isUri("NBD+unix:///x"));
      assertFalse(NbdHandle.isUri("nbdx://"));
    }
  }
}
