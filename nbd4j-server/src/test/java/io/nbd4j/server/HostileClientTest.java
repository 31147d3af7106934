package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.server.TestClient.Style;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.Options;
import io.nbd4j.wire.option.OptionCodec;
import io.nbd4j.wire.option.OptionRequest;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that break every rule, each beside an honest one that must not notice. */
class HostileClientTest {
  private static final long SEED = 4711;
  private static final int MIB = 1 << 20;

  private NbdServer server;
  private TestClient honest;

  @BeforeEach
  void start() throws IOException {
    server =
        NbdServer.builder()
            .export("memory", new MemoryBackend(64 * MIB))
            .export("slow", new TestBackend(64 * MIB, 1))
            .limits(
                Limits.DEFAULT
                    .withMaximumPayload(MIB)
                    .withInFlight(64, 4 * MIB)
                    .withTimeouts(Duration.ofSeconds(30), Duration.ofMillis(200)))
            .listenTcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .start();
    honest = TestClient.on(server, "memory", Style.STRUCTURED);
  }

  @AfterEach
  void stop() throws IOException {
    try {
      checkHonest();
      try (TestClient another = TestClient.on(server, "slow", Style.EXTENDED)) {
        assertEquals(0, another.write(1, new byte[] {1}));
      }
    } finally {
      honest.close();
      server.close();
    }
  }

  private void checkHonest() throws IOException {
    byte[] data = {1, 2, 3, 4};
    assertEquals(0, honest.write(10_000, data));
    assertArrayEquals(data, honest.read(10_000, data.length));
  }

  private TestClient hostile() throws IOException {
    return new TestClient(server.addresses().getFirst());
  }

  @Test
  void manySilentClients() throws IOException {
    List<TestClient> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        silent.add(hostile());
      }
      checkHonest();
    } finally {
      for (TestClient client : silent) {
        client.close();
      }
    }
  }

  @Test
  void randomBytesInPlaceOfAHandshake() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 50; i++) {
      try (TestClient client = hostile()) {
        byte[] noise = new byte[1 + random.nextInt(5000)];
        random.nextBytes(noise);
        sendQuietly(client, ByteBuffer.wrap(noise));
      }
      checkHonest();
    }
  }

  @Test
  void randomOptions() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 300; i++) {
      try (TestClient client = hostile()) {
        client.greet();
        byte[] data = new byte[random.nextInt(60)];
        random.nextBytes(data);
        ByteBuffer option = ByteBuffer.allocate(16 + data.length);
        option.putLong(Magic.IHAVEOPT).putInt(random.nextInt(13)).putInt(data.length).put(data);
        sendQuietly(client, option.flip());
      }
    }
    checkHonest();
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void randomRequests(Style style) throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 100; i++) {
      try (TestClient client = TestClient.on(server, i % 2 == 0 ? "memory" : "slow", style)) {
        for (int j = 0; j < 20; j++) {
          int type = random.nextInt(11);
          int flags = random.nextInt(64);
          long length = random.nextInt(4) == 0 ? random.nextLong() & 0xffff_ffffL : 16;
          sendQuietly(client, client.encoded(type, flags, random.nextLong(1 << 27), length));
        }
        byte[] noise = new byte[200];
        random.nextBytes(noise);
        sendQuietly(client, ByteBuffer.wrap(noise));
      }
    }
    checkHonest();
  }

  private static void sendQuietly(TestClient client, ByteBuffer bytes) {
    try {
      client.send(bytes);
    } catch (IOException e) {
      // The server has had enough, which is its right.
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void aConversationCutAtEveryByte(Style style) throws IOException {
    ByteBuffer conversation = ByteBuffer.allocate(1000);
    conversation.putInt(3);
    if (style == Style.STRUCTURED) {
      conversation.put(OptionCodec.encode(new OptionRequest.StructuredReply()));
    } else if (style == Style.EXTENDED) {
      conversation.put(OptionCodec.encode(new OptionRequest.ExtendedHeaders()));
    }
    conversation.put(OptionCodec.encode(new OptionRequest.ListExports()));
    conversation.put(OptionCodec.encode(new OptionRequest.Go("slow", List.of(3))));
    try (TestClient shape = hostile()) {
      shape.greet();
      shape.negotiate(style);
      int flag = style == Style.EXTENDED ? 0x20 : 0;
      conversation.put(shape.encoded(Commands.WRITE, flag, 0, 10, new byte[10]));
      conversation.put(shape.encoded(Commands.READ, 0, 0, 10));
    }
    conversation.flip();
    for (int cut = 1; cut <= conversation.limit(); cut++) {
      try (TestClient client = hostile()) {
        client.receive(18);
        client.send(conversation.slice(0, cut));
        client.channel().shutdownOutput();
        // All of the replies, and then the end: the server has not kept the connection.
        ByteBuffer replies = ByteBuffer.allocate(4000);
        while (client.channel().read(replies) >= 0) {
          assertTrue(replies.hasRemaining());
        }
      }
    }
    checkHonest();
  }

  @ParameterizedTest
  @ValueSource(ints = {Options.LIST, Options.GO, Options.EXPORT_NAME, Options.SET_META_CONTEXT, 99})
  void anOptionOfFourGigabytes(int option) throws IOException {
    long before = directMemory();
    try (TestClient client = hostile()) {
      client.greet();
      client.send(ByteBuffer.allocate(16).putLong(Magic.IHAVEOPT).putInt(option).putInt(-1).flip());
      for (int i = 0; i < 64; i++) {
        sendQuietly(client, ByteBuffer.allocate(MIB));
      }
      checkHonest();
      assertTrue(directMemory() - before < 4 * MIB, "direct memory grew");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "slow"})
  void aClientThatAsksAndNeverReads(String export) throws IOException {
    try (TestClient client = TestClient.on(server, export, Style.SIMPLE)) {
      long before = directMemory();
      client.channel().configureBlocking(false);
      // As much as the socket buffers take, until the server stops reading.
      int stuck = 0;
      for (int i = 0; stuck < 50; i++) {
        ByteBuffer request = client.encoded(Commands.READ, 0, i % 32L * MIB, MIB);
        if (client.channel().write(request) < request.limit()) {
          stuck++;
          checkHonest();
        }
        if (i > 2_000_000) {
          throw new AssertionError("the server reads on and on");
        }
      }
      checkHonest();
      long grown = directMemory() - before;
      assertTrue(grown < 16 * MIB, "direct memory grew by " + grown);
    }
  }

  @Test
  void aClientThatWritesAndNeverReads() throws IOException {
    try (TestClient client = TestClient.on(server, "slow", Style.SIMPLE)) {
      long before = directMemory();
      client.channel().configureBlocking(false);
      ByteBuffer request = client.encoded(Commands.WRITE, 0, 0, MIB, new byte[MIB]);
      for (int i = 0; i < 3000; i++) {
        if (!request.hasRemaining()) {
          request.rewind();
        }
        client.channel().write(request);
        if (i % 50 == 0) {
          checkHonest();
        }
      }
      long grown = directMemory() - before;
      assertTrue(grown < 16 * MIB, "direct memory grew by " + grown);
    }
  }

  @Test
  void payloadsThatNeverComeHoldOnlyTheirOwnConnection() throws IOException {
    List<TestClient> waiting = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        TestClient client = TestClient.on(server, "slow", Style.SIMPLE);
        waiting.add(client);
        client.request(Commands.WRITE, 0, 0, MIB);
      }
      checkHonest();
    } finally {
      for (TestClient client : waiting) {
        client.close();
      }
    }
  }

  private static long directMemory() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }
}
