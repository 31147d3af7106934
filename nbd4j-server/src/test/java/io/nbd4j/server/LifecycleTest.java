package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.nbd4j.server.TestClient.Style;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.uri.NbdUri;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.WireErrors;
import io.nbd4j.wire.option.OptionRequest;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LifecycleTest {
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  @TempDir private Path directory;

  /** Reads of the first block wait until they are let go. */
  private static final class GatedBackend extends TestBackend {
    final CountDownLatch arrived = new CountDownLatch(1);
    final CountDownLatch gate = new CountDownLatch(1);
    final AtomicInteger inside = new AtomicInteger();
    final AtomicInteger mostInside = new AtomicInteger();

    GatedBackend() {
      super(1 << 20, 1);
    }

    @Override
    public void read(ByteBuffer target, long offset) throws IOException {
      mostInside.accumulateAndGet(inside.incrementAndGet(), Math::max);
      try {
        if (offset < 4096) {
          arrived.countDown();
          gate.await();
        }
        super.read(target, offset);
      } catch (InterruptedException e) {
        throw new IOException(e);
      } finally {
        inside.decrementAndGet();
      }
    }
  }

  @Test
  void tenLinesServeAnArray() throws IOException {
    byte[] content = new byte[1 << 16];
    try (NbdServer server =
            NbdServer.builder()
                .export("disk", MemoryBackend.of(content))
                .listenTcp(ANY_PORT)
                .start();
        TestClient client = TestClient.on(server, "", Style.SIMPLE)) {
      assertEquals(0, client.write(5, new byte[] {1, 2, 3}));
      assertArrayEquals(new byte[] {0, 1, 2, 3, 0}, client.read(4, 5));
      assertEquals(2, content[6]);
    }
  }

  @Test
  void closeLeavesNeitherThreadsNorSocketFiles() throws Exception {
    Path socket = directory.resolve("sock et");
    GatedBackend backend = new GatedBackend();
    backend.gate.countDown();
    NbdServer server =
        NbdServer.builder()
            .export("a", backend)
            .export("b", backend)
            .listenUnix(socket)
            .listenTcp(ANY_PORT)
            .start();
    List<SocketAddress> addresses = server.addresses();
    assertTrue(Files.exists(socket));
    try (TestClient idle = TestClient.on(server, "a", Style.EXTENDED);
        TestClient greeted = new TestClient(addresses.get(1));
        TestClient silent = new TestClient(addresses.get(1))) {
      greeted.greet();
      assertEquals(4096, idle.read(0, 4096).length);
      assertTrue(threads().contains("nbd4j-server-connection"), threads());
      server.close();
      idle.assertClosed();
      greeted.assertClosed();
      silent.receive(18);
      silent.assertClosed();
    }
    assertFalse(Files.exists(socket));
    assertThrows(ConnectException.class, () -> new TestClient(addresses.get(1)));
    assertEquals(1, backend.closes.get());
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (threads().contains("nbd4j-server-")) {
      assertTrue(System.nanoTime() < deadline, LifecycleTest::threads);
      Thread.onSpinWait();
    }
    server.close();
    server.join();
    assertEquals(1, backend.closes.get());
  }

  /** The names and stacks of all threads, virtual ones as well. */
  private static String threads() {
    try {
      Path file = Files.createTempDirectory("threads").resolve("dump.json");
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
          .dumpThreads(file.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.JSON);
      String text = Files.readString(file);
      Files.delete(file);
      Files.delete(file.getParent());
      return text;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void closeLetsRequestsInFlightFinish() throws Exception {
    GatedBackend backend = new GatedBackend();
    NbdServer server = NbdServer.builder().export("a", backend).listenTcp(ANY_PORT).start();
    try (TestClient client = TestClient.on(server, "a", Style.STRUCTURED)) {
      client.request(Commands.READ, 0, 0, 512);
      backend.arrived.await();
      CompletableFuture<Void> closing = CompletableFuture.runAsync(() -> close(server));
      // The listener goes first.
      while (canConnect(server.addresses().getFirst())) {
        Thread.onSpinWait();
      }
      assertFalse(closing.isDone());
      backend.gate.countDown();
      assertEquals(0, client.answer(0, 512).error);
      client.assertClosed();
      closing.get();
    }
  }

  private static boolean canConnect(SocketAddress address) {
    try (SocketChannel channel = SocketChannel.open(address)) {
      return channel.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static void close(NbdServer server) {
    try {
      server.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void closeDoesNotWaitForeverForABackend() throws Exception {
    GatedBackend backend = new GatedBackend();
    NbdServer server =
        NbdServer.builder()
            .export("a", backend)
            .limits(Limits.DEFAULT.withTimeouts(Duration.ofSeconds(9), Duration.ofMillis(100)))
            .listenTcp(ANY_PORT)
            .start();
    try (TestClient client = TestClient.on(server, "a", Style.SIMPLE)) {
      client.request(Commands.READ, 0, 0, 512);
      backend.arrived.await();
      long begin = System.nanoTime();
      server.close();
      long seconds = Duration.ofNanos(System.nanoTime() - begin).toSeconds();
      assertTrue(seconds < 5, seconds + " s");
      client.assertClosed();
    } finally {
      backend.gate.countDown();
    }
  }

  @Test
  void closeDoesNotWaitForeverForAClientThatDoesNotRead() throws Exception {
    NbdServer server =
        NbdServer.builder()
            .export("a", MemoryBackend.of(new byte[1 << 25]))
            .limits(Limits.DEFAULT.withTimeouts(Duration.ofSeconds(9), Duration.ofMillis(100)))
            .listenTcp(ANY_PORT)
            .start();
    try (TestClient client = TestClient.on(server, "a", Style.SIMPLE)) {
      client.request(Commands.READ, 0, 0, 1 << 25);
      client.receive(1000);
      long begin = System.nanoTime();
      server.close();
      long seconds = Duration.ofNanos(System.nanoTime() - begin).toSeconds();
      assertTrue(seconds < 5, seconds + " s");
    }
    assertEquals(0, server.connections());
  }

  @Test
  void disconnectingWaitsForWhatIsInFlight() throws Exception {
    GatedBackend backend = new GatedBackend();
    try (NbdServer server = NbdServer.builder().export("a", backend).listenTcp(ANY_PORT).start();
        TestClient client = TestClient.on(server, "a", Style.SIMPLE)) {
      client.request(Commands.READ, 0, 0, 512);
      client.request(Commands.DISC, 0, 0, 0);
      backend.arrived.await();
      backend.gate.countDown();
      assertEquals(512, client.answer(0, 512).data.length);
      client.assertClosed();
    }
  }

  @Test
  void aSlowRequestHoldsNoOtherUp() throws Exception {
    GatedBackend backend = new GatedBackend();
    try (NbdServer server = NbdServer.builder().export("a", backend).listenTcp(ANY_PORT).start();
        TestClient client = TestClient.on(server, "a", Style.SIMPLE);
        TestClient other = TestClient.on(server, "a", Style.SIMPLE)) {
      long slow = client.request(Commands.READ, 0, 0, 512);
      assertEquals(512, client.read(8192, 512).length);
      assertEquals(512, other.read(8192, 512).length);
      backend.gate.countDown();
      assertEquals(slow, client.answer(0, 512).cookie);
    }
  }

  @Test
  void requestsInFlightAreBounded() throws Exception {
    GatedBackend backend = new GatedBackend();
    try (NbdServer server =
            NbdServer.builder()
                .export("a", backend)
                .limits(Limits.DEFAULT.withInFlight(3, 1 << 25))
                .listenTcp(ANY_PORT)
                .start();
        TestClient client = TestClient.on(server, "a", Style.SIMPLE)) {
      for (int i = 0; i < 40; i++) {
        client.request(Commands.READ, 0, i, 512);
      }
      backend.arrived.await();
      backend.gate.countDown();
      for (int i = 0; i < 40; i++) {
        assertEquals(0, client.answer(0, 512).error);
      }
      assertTrue(backend.mostInside.get() <= 3, backend.mostInside + " at once");
    }
  }

  @Test
  void oneConnectionTooManyIsClosed() throws Exception {
    try (NbdServer server =
            NbdServer.builder()
                .export("a", new MemoryBackend(512))
                .limits(Limits.DEFAULT.withConnections(2))
                .listenTcp(ANY_PORT)
                .start();
        TestClient first = TestClient.on(server, "a", Style.SIMPLE);
        TestClient second = TestClient.on(server, "a", Style.SIMPLE);
        TestClient third = new TestClient(server.addresses().getFirst())) {
      third.assertClosed();
      assertEquals(2, server.connections());
      assertEquals(1, first.read(0, 1).length);
      assertEquals(1, second.read(0, 1).length);
    }
  }

  @Test
  void aHandshakeThatTakesTooLongIsCutAndATransmissionIsNot() throws Exception {
    Duration handshake = Duration.ofMillis(300);
    try (NbdServer server =
            NbdServer.builder()
                .export("a", new MemoryBackend(512))
                .limits(Limits.DEFAULT.withTimeouts(handshake, Duration.ofSeconds(1)))
                .listenTcp(ANY_PORT)
                .start();
        TestClient quick = TestClient.on(server, "a", Style.SIMPLE);
        TestClient silent = new TestClient(server.addresses().getFirst());
        TestClient dawdler = new TestClient(server.addresses().getFirst())) {
      dawdler.greet();
      silent.receive(18);
      silent.assertClosed();
      dawdler.assertClosed();
      assertEquals(1, quick.read(0, 1).length);
    }
  }

  @Test
  void aSocketThatSomebodyElseAcceptedIsServed() throws Exception {
    try (NbdServer server = NbdServer.builder().export("a", new MemoryBackend(4096)).start();
        ServerSocketChannel listener = ServerSocketChannel.open().bind(ANY_PORT)) {
      assertEquals(List.of(), server.addresses());
      TestClient client = new TestClient(listener.getLocalAddress());
      SocketChannel accepted = listener.accept();
      CompletableFuture<Void> serving = serving(() -> server.serve(accepted));
      client.greet();
      client.go("a");
      assertEquals(0, client.write(0, new byte[4096]));
      client.close();
      serving.get();
      assertFalse(accepted.isOpen());
    }
  }

  @Test
  void aClosedServerServesNobody() throws Exception {
    NbdServer server = NbdServer.builder().export("a", new MemoryBackend(4096)).start();
    server.close();
    try (ServerSocketChannel listener = ServerSocketChannel.open().bind(ANY_PORT);
        SocketChannel client = SocketChannel.open(listener.getLocalAddress())) {
      server.serve(listener.accept());
      ByteBuffer greeting = ByteBuffer.allocate(100);
      while (client.read(greeting) >= 0) {
        assertTrue(greeting.hasRemaining());
      }
      assertTrue(greeting.position() <= 18, "at most the greeting");
    }
  }

  @Test
  void twoPipesAreServed() throws Exception {
    Pipe requests = Pipe.open();
    Pipe replies = Pipe.open();
    try (NbdServer server = NbdServer.builder().export("a", new TestBackend(1 << 20, 1)).start()) {
      CompletableFuture<Void> serving =
          serving(() -> server.serve(requests.source(), replies.sink()));
      ByteBuffer greeting = ByteBuffer.allocate(18);
      while (greeting.hasRemaining()) {
        replies.source().read(greeting);
      }
      requests.sink().write(ByteBuffer.allocate(4).putInt(3).flip());
      byte[] abort = {0x49, 0x48, 0x41, 0x56, 0x45, 0x4f, 0x50, 0x54, 0, 0, 0, 2, 0, 0, 0, 0};
      requests.sink().write(ByteBuffer.wrap(abort));
      ByteBuffer ack = ByteBuffer.allocate(20);
      while (ack.hasRemaining()) {
        replies.source().read(ack);
      }
      serving.get();
      assertEquals(-1, replies.source().read(ByteBuffer.allocate(1)));
    }
  }

  /** Something that serves until its client has left. */
  private interface Serving {
    void run() throws Exception;
  }

  private static CompletableFuture<Void> serving(Serving serving) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            serving.run();
            done.complete(null);
          } catch (Throwable e) {
            done.completeExceptionally(e);
          }
        });
    return done;
  }

  @Test
  void anAddressThatIsTakenFreesTheOthers() throws Exception {
    Path taken = Files.writeString(directory.resolve("taken"), "not a socket");
    Path free = directory.resolve("free");
    NbdServerBuilder builder =
        NbdServer.builder().export("a", new MemoryBackend(512)).listenUnix(free).listenUnix(taken);
    assertThrows(BindException.class, builder::start);
    assertFalse(Files.exists(free));
    assertEquals("not a socket", Files.readString(taken));
  }

  @Test
  void aSocketFileOfSomebodyElseStays() throws Exception {
    Path path = directory.resolve("socket");
    try (NbdServer server =
        NbdServer.builder().export("a", new MemoryBackend(512)).listenUnix(path).start()) {
      assertEquals(1, server.addresses().size());
      Files.move(path, directory.resolve("moved"));
      Files.writeString(path, "another");
    }
    assertEquals("another", Files.readString(path));
  }

  @Test
  void urisLeadToEveryExportAtEveryAddress() throws Exception {
    Path path = directory.resolve("a socket?");
    try (NbdServer server =
        NbdServer.builder()
            .export("", new MemoryBackend(512))
            .export("näme/x y", new MemoryBackend(1024))
            .listenUnix(path)
            .listenTcp(ANY_PORT)
            .listenTcp(new InetSocketAddress(0))
            .start()) {
      List<SocketAddress> addresses = server.addresses();
      int port = ((InetSocketAddress) addresses.get(1)).getPort();
      int portAny = ((InetSocketAddress) addresses.get(2)).getPort();
      String socket = path.toString().replace(" ", "%20");
      assertEquals(
          List.of(
              "nbd+unix:///?socket=" + socket,
              "nbd+unix:///n%C3%A4me/x%20y?socket=" + socket,
              "nbd://127.0.0.1:" + port + "/",
              "nbd://127.0.0.1:" + port + "/n%C3%A4me/x%20y",
              "nbd://localhost:" + portAny + "/",
              "nbd://localhost:" + portAny + "/n%C3%A4me/x%20y"),
          server.uris());
      for (String uri : server.uris()) {
        assertEquals(uri, NbdUri.parse(uri).toString());
      }
    }
  }

  @Test
  void anAddressOfInternetSixStandsInBrackets() throws Exception {
    byte[] loopback = new byte[16];
    loopback[15] = 1;
    InetSocketAddress address = new InetSocketAddress(InetAddress.getByAddress(loopback), 17);
    assertEquals("nbd://[0:0:0:0:0:0:0:1]:17/a", UriText.of(address, "a"));
  }

  @Test
  void aDefaultExportIsChosenOrFound() throws Exception {
    NbdServerBuilder two =
        NbdServer.builder()
            .export("a", new MemoryBackend(512))
            .export("b", new MemoryBackend(1024))
            .listenTcp(ANY_PORT);
    try (NbdServer server = two.start();
        TestClient client = new TestClient(server.addresses().getFirst())) {
      client.greet();
      assertEquals(OptionReplies.ERR_UNKNOWN, client.refused(new OptionRequest.Go("", List.of())));
    }
    try (NbdServer server = two.defaultExport("b").start();
        TestClient client = TestClient.on(server, "", Style.SIMPLE)) {
      assertEquals(1024, client.size());
    }
    assertThrows(IllegalStateException.class, () -> two.defaultExport("c").start());
    assertThrows(IllegalArgumentException.class, () -> two.export("a", new MemoryBackend(1)));
    assertThrows(
        IllegalArgumentException.class, () -> two.export("x".repeat(4097), new MemoryBackend(1)));
  }

  @Test
  void aFullMemoryIsToldAsNoSpace() throws Exception {
    try (NbdServer server =
            NbdServer.builder()
                .export("a", new MemoryBackend(1L << 50, 1 << 16))
                .listenTcp(ANY_PORT)
                .start();
        TestClient client = TestClient.on(server, "a", Style.SIMPLE)) {
      assertEquals(0, client.write(1L << 49, new byte[1 << 16]));
      assertEquals(WireErrors.ENOSPC, client.write(0, new byte[1]));
    }
  }
}
