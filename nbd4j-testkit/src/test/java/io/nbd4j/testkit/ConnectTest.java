package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.server.NbdServer;
import io.nbd4j.server.backend.MemoryBackend;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses, and what goes wrong on the way to them. */
class ConnectTest {

  private static final int SIZE = 1 << 20;

  @TempDir private Path directory;

  private static NbdServer server(Loopback address) throws IOException {
    return NbdServer.builder()
        .export("", new MemoryBackend(SIZE))
        .listenTcp(address.port(0))
        .start();
  }

  private static String port(NbdServer server) {
    return Integer.toString(((InetSocketAddress) server.addresses().getFirst()).getPort());
  }

  /** A port that refuses connections as long as nobody else takes it. */
  private static String closedPort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, Loopback.IPV4.address())) {
      return Integer.toString(probe.getLocalPort());
    }
  }

  private static void assertUsable(NbdHandle handle) throws IOException {
    assertTrue(handle.aioIsReady(), handle::connectionState);
    ByteBuffer buffer = ByteBuffer.allocate(512);
    handle.pread(buffer, 0);
    assertEquals(512, buffer.position());
  }

  @ParameterizedTest
  @CsvSource({
    TestHosts.IPV6_FIRST + ",IPV4",
    TestHosts.IPV6_FIRST + ",IPV6",
    TestHosts.IPV4_FIRST + ",IPV4",
    TestHosts.IPV4_FIRST + ",IPV6"
  })
  void everyAddressOfTheNameIsTried(String host, Loopback address) throws Exception {
    try (NbdServer server = server(address)) {
      try (NbdHandle handle = new NbdHandle()) {
        handle.connectTcp(host, port(server));
        assertUsable(handle);
      }
      try (NbdHandle handle = new NbdHandle()) {
        handle.connectUri("nbd://" + host + ":" + port(server) + "/");
        assertUsable(handle);
      }
      for (EventLoop eventLoop : List.of(new EventLoop.Polling(), new EventLoop.Selecting())) {
        try (EventLoop loop = eventLoop;
            NbdHandle handle = new NbdHandle()) {
          handle.aioConnectTcp(host, port(server));
          loop.until(handle, "connection", () -> !handle.aioIsConnecting());
          assertUsable(handle);
        }
      }
    }
  }

  @Test
  void handleIsAsNewWhenNoAddressCanBeReached() throws Exception {
    try (NbdHandle handle = new NbdHandle();
        NbdServer server = server(Loopback.IPV4)) {
      NbdException refused =
          assertThrows(
              NbdException.class, () -> handle.connectTcp(TestHosts.IPV6_FIRST, closedPort()));
      assertEquals(Errno.ECONNREFUSED, refused.errno());
      assertEquals(NbdException.Kind.TRANSPORT, refused.kind());
      assertTrue(handle.aioIsCreated(), handle::connectionState);
      handle.connectTcp("127.0.0.1", port(server));
      assertUsable(handle);
    }
  }

  @Test
  void asynchronousAttemptLeavesTheHandleAsNewToo() throws Exception {
    try (NbdHandle handle = new NbdHandle();
        NbdServer server = server(Loopback.IPV4)) {
      EventLoop loop = new EventLoop.Polling();
      NbdException refused =
          assertThrows(
              NbdException.class,
              () -> {
                handle.aioConnectTcp(TestHosts.IPV6_FIRST, closedPort());
                loop.until(handle, "the end", () -> !handle.aioIsConnecting());
              });
      assertEquals(Errno.ECONNREFUSED, refused.errno());
      assertTrue(handle.aioIsCreated(), handle::connectionState);
      handle.aioConnectTcp("127.0.0.1", port(server));
      loop.until(handle, "connection", () -> !handle.aioIsConnecting());
      assertUsable(handle);
    }
  }

  @ParameterizedTest
  @CsvSource({TestHosts.NOBODY + ",10809", "127.0.0.1,nosuchservice", "127.0.0.1,99999"})
  void unknownNamesLeaveTheHandleAsNew(String host, String port) throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      NbdException unknown = assertThrows(NbdException.class, () -> handle.connectTcp(host, port));
      assertTrue(unknown.text().startsWith("nbd_connect_tcp: getaddrinfo: "), unknown::text);
      assertTrue(handle.aioIsCreated(), handle::connectionState);
    }
  }

  @Test
  void missingUnixSocketIsTheEndOfTheHandle() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      String path = directory.resolve("nosuch").toString();
      NbdException missing = assertThrows(NbdException.class, () -> handle.connectUnix(path));
      assertEquals(Errno.ENOENT, missing.errno());
      assertTrue(missing.getMessage().contains(path), missing::getMessage);
      assertTrue(handle.aioIsDead(), handle::connectionState);
    }
  }

  @Test
  void longUnixSocketIsRefusedAtOnce() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      NbdException refused =
          assertThrows(NbdException.class, () -> handle.connectUnix("/" + "x".repeat(107)));
      assertEquals(Errno.ENAMETOOLONG, refused.errno());
      assertTrue(handle.aioIsCreated(), handle::connectionState);
    }
  }

  @Test
  void unconnectedChannelIsRefusedAndClosed() throws Exception {
    try (NbdHandle handle = new NbdHandle();
        SocketChannel channel = SocketChannel.open()) {
      NbdException refused = assertThrows(NbdException.class, () -> handle.connectSocket(channel));
      assertEquals(Errno.ENOTCONN, refused.errno());
      assertFalse(channel.isOpen());
    }
  }

  @Test
  void handedOverChannelIsClosedWithTheHandle() throws Exception {
    Path socket = directory.resolve("socket");
    try (NbdServer server =
        NbdServer.builder().export("", new MemoryBackend(SIZE)).listenUnix(socket).start()) {
      SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
      try (NbdHandle handle = new NbdHandle()) {
        handle.connectSocket(channel);
        assertUsable(handle);
        assertTrue(channel.isOpen());
      }
      assertFalse(channel.isOpen());
      Deadline.await("the server sees the end", () -> server.connections() == 0);
    }
  }

  @Test
  void socketAddressMayBeAnyKind() throws Exception {
    Path socket = directory.resolve("socket");
    try (NbdServer server =
        NbdServer.builder()
            .export("", new MemoryBackend(SIZE))
            .listenUnix(socket)
            .listenTcp(Loopback.IPV4.port(0))
            .start()) {
      for (var address : server.addresses()) {
        try (NbdHandle handle = new NbdHandle()) {
          handle.aioConnect(address);
          new EventLoop.Polling().until(handle, "connection", () -> !handle.aioIsConnecting());
          assertUsable(handle);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"nbd+unix:///two?socket=%s", "nbd+unix:///tw%%6f?socket=%s"})
  void uriNamesTheExport(String format) throws Exception {
    Path socket = directory.resolve("socket");
    try (NbdServer server =
            NbdServer.builder()
                .export("one", new MemoryBackend(SIZE))
                .export("two", new MemoryBackend(2 * SIZE))
                .listenUnix(socket)
                .start();
        NbdHandle handle = new NbdHandle()) {
      handle.connectUri(format.formatted(socket));
      assertEquals("two", handle.getExportName());
      assertEquals(2 * SIZE, handle.getSize());
      assertEquals("nbd+unix:///two?socket=" + socket, handle.getUri());
      assertEquals(1, server.connections());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"nbd", "http://localhost/", "nbd+unix:///", "nbd://localhost:x/"})
  void badUriLeavesTheHandleAsNew(String uri) throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      NbdException refused = assertThrows(NbdException.class, () -> handle.connectUri(uri));
      assertEquals(Errno.EINVAL, refused.errno(), refused::text);
      assertTrue(handle.aioIsCreated(), handle::connectionState);
    }
  }

  @Test
  void secondConnectIsRefused() throws Exception {
    try (NbdServer server = server(Loopback.IPV4);
        NbdHandle handle = new NbdHandle()) {
      handle.connectTcp("127.0.0.1", port(server));
      NbdException refused =
          assertThrows(NbdException.class, () -> handle.connectTcp("127.0.0.1", port(server)));
      assertEquals(Errno.EINVAL, refused.errno());
      assertTrue(
          refused.text().contains("invalid state: READY: the handle must be newly created"),
          refused::text);
      assertUsable(handle);
      handle.shutdown();
      assertThrows(NbdException.class, () -> handle.connectTcp("127.0.0.1", port(server)));
      assertTrue(handle.aioIsClosed(), handle::connectionState);
    }
  }

  @Test
  void commandsNeedAConnection() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      NbdException refused =
          assertThrows(NbdException.class, () -> handle.pread(ByteBuffer.allocate(1), 0));
      assertEquals(Errno.ENOTCONN, refused.errno());
    }
  }
}
