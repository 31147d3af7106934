package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.server.TestClient.Answer;
import io.nbd4j.server.TestClient.Extent;
import io.nbd4j.server.TestClient.Style;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.wire.BaseAllocation;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.WireErrors;
import io.nbd4j.wire.transfer.BlockStatusPayload;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlockStatusTest {
  private static final long SIZE = 16L << 40;
  private static final int PAGE = 32_768;
  private static final int EMPTY = BaseAllocation.HOLE | BaseAllocation.ZERO;

  private NbdServer server;
  private int contextId;

  @BeforeEach
  void start() throws IOException {
    server =
        NbdServer.builder()
            .export("disk", new MemoryBackend(SIZE))
            .listenTcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .start();
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private TestClient connected(Style style) throws IOException {
    TestClient client = new TestClient(server.addresses().getFirst());
    client.greet();
    client.negotiate(style);
    contextId = client.selectAllocation("disk");
    client.go("disk");
    return client;
  }

  @ParameterizedTest
  @EnumSource(value = Style.class, names = "SIMPLE", mode = EnumSource.Mode.EXCLUDE)
  void holesAndDataAreTold(Style style) throws IOException {
    try (TestClient client = connected(style)) {
      assertEquals(0, client.write(4L * PAGE + 100, new byte[PAGE]));
      Answer answer = client.call(Commands.BLOCK_STATUS, 0, PAGE, 20L * PAGE);
      assertEquals(List.of(contextId), answer.contextIds);
      assertEquals(
          List.of(
              new Extent(3L * PAGE, EMPTY),
              new Extent(2L * PAGE, 0),
              new Extent(15L * PAGE, EMPTY)),
          answer.extents);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Style.class, names = "SIMPLE", mode = EnumSource.Mode.EXCLUDE)
  void oneExtentIsToldIfOneIsAsked(Style style) throws IOException {
    try (TestClient client = connected(style)) {
      assertEquals(0, client.write(0, new byte[PAGE]));
      Answer answer = client.call(Commands.BLOCK_STATUS, CommandFlags.REQ_ONE, 10, 4L * PAGE);
      assertEquals(List.of(new Extent(PAGE - 10, 0)), answer.extents);
      answer = client.call(Commands.BLOCK_STATUS, CommandFlags.REQ_ONE, PAGE, PAGE);
      assertEquals(List.of(new Extent(PAGE, EMPTY)), answer.extents);
    }
  }

  @Test
  void anExtendedRequestCoversTerabytes() throws IOException {
    try (TestClient client = connected(Style.EXTENDED)) {
      long middle = 8L << 40;
      assertEquals(0, client.write(middle, new byte[] {1}));
      Answer answer = client.call(Commands.BLOCK_STATUS, 0, 0, SIZE);
      assertEquals(
          List.of(
              new Extent(middle, EMPTY),
              new Extent(PAGE, 0),
              new Extent(SIZE - middle - PAGE, EMPTY)),
          answer.extents);
      assertEquals(0, client.call(Commands.WRITE_ZEROES, 0, 0, SIZE).error);
      assertEquals(
          List.of(new Extent(SIZE, EMPTY)), client.call(Commands.BLOCK_STATUS, 0, 0, SIZE).extents);
      assertEquals(0, client.call(Commands.TRIM, 0, 5, SIZE - 5).error);
      assertEquals(0, client.call(Commands.CACHE, 0, 0, SIZE).error);
    }
  }

  @Test
  void aPayloadChoosesContexts() throws IOException {
    try (TestClient client = connected(Style.EXTENDED)) {
      Answer answer = filtered(client, 7, SIZE - 7, contextId);
      assertEquals(List.of(contextId), answer.contextIds);
      assertEquals(List.of(new Extent(SIZE - 7, EMPTY)), answer.extents);
    }
  }

  @Test
  void aPayloadThatDoesNotFitIsInvalid() throws IOException {
    try (TestClient client = connected(Style.EXTENDED)) {
      assertEquals(WireErrors.EINVAL, filtered(client, 0, SIZE, contextId + 1).error);
      assertEquals(WireErrors.EINVAL, filtered(client, 0, SIZE, contextId, contextId).error);
      assertEquals(WireErrors.EINVAL, filtered(client, 0, SIZE).error);
      assertEquals(WireErrors.EINVAL, filtered(client, 1, SIZE, contextId).error);
      assertEquals(WireErrors.EINVAL, filtered(client, 1, 0, contextId).error);
      assertEquals(WireErrors.EINVAL, filtered(client, 0, SIZE, new int[5000]).error);
      for (int length : new int[] {0, 1, 13}) {
        assertEquals(
            WireErrors.EINVAL,
            client.call(
                    Commands.BLOCK_STATUS, CommandFlags.PAYLOAD_LEN, 0, length, new byte[length])
                .error);
      }
      assertEquals(0, filtered(client, 0, SIZE, contextId).error);
    }
  }

  private static Answer filtered(TestClient client, long offset, long length, int... ids)
      throws IOException {
    ByteBuffer payload = ByteBuffer.allocate(BlockStatusPayload.size(ids.length));
    BlockStatusPayload.putHeader(payload, 0, length);
    for (int i = 0; i < ids.length; i++) {
      BlockStatusPayload.putId(payload, 0, i, ids[i]);
    }
    return client.call(
        Commands.BLOCK_STATUS,
        CommandFlags.PAYLOAD_LEN,
        offset,
        payload.capacity(),
        payload.array());
  }

  @Test
  void blockStatusNeedsAContextAndARange() throws IOException {
    try (TestClient client = TestClient.on(server, "disk", Style.STRUCTURED)) {
      assertEquals(WireErrors.EINVAL, client.call(Commands.BLOCK_STATUS, 0, 0, PAGE).error);
    }
    try (TestClient client = connected(Style.STRUCTURED)) {
      assertEquals(WireErrors.EINVAL, client.call(Commands.BLOCK_STATUS, 0, 0, 0).error);
      assertEquals(WireErrors.EINVAL, client.call(Commands.BLOCK_STATUS, 0, SIZE - 1, 2).error);
    }
  }

  @Test
  void manyExtentsAreToldInPieces() throws IOException {
    try (TestClient client = connected(Style.STRUCTURED)) {
      int pairs = 6000;
      for (int i = 0; i < pairs; i++) {
        assertEquals(0, client.write(2L * i * PAGE, new byte[] {1}));
      }
      long covered = 0;
      int extents = 0;
      int replies = 0;
      while (covered < 2L * pairs * PAGE) {
        Answer answer = client.call(Commands.BLOCK_STATUS, 0, covered, 2L * pairs * PAGE - covered);
        for (Extent extent : answer.extents) {
          assertEquals(PAGE, extent.length());
          assertEquals(extents % 2 == 0 ? 0 : EMPTY, extent.flags());
          covered += extent.length();
          extents++;
        }
        replies++;
      }
      assertEquals(2 * pairs, extents);
      assertTrue(replies > 1, "one reply");
    }
  }
}
