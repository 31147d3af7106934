package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.server.TestClient.Style;
import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.backend.BlockSizes;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.server.backend.ReadOnly;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.HandshakeFlags;
import io.nbd4j.wire.InfoTypes;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.Options;
import io.nbd4j.wire.TransmissionFlags;
import io.nbd4j.wire.option.InfoItem;
import io.nbd4j.wire.option.OptionCodec;
import io.nbd4j.wire.option.OptionReply;
import io.nbd4j.wire.option.OptionRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {
  private static final int SIZE = 1 << 20;

  private NbdServer server;
  private TestClient client;

  @BeforeEach
  void start() throws IOException {
    server =
        NbdServer.builder()
            .export("disk", "A disk of bytes", new MemoryBackend(SIZE))
            .export("fixed", new ReadOnly(MemoryBackend.of(new byte[4096])))
            .export("coarse", new CoarseBackend())
            .defaultExport("disk")
            .listenTcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .start();
    client = new TestClient(server.addresses().getFirst());
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    server.close();
  }

  /** A read-only backend with large blocks. */
  private static final class CoarseBackend implements Backend {
    @Override
    public long size() {
      return 1 << 16;
    }

    @Override
    public BlockSizes blockSizes() {
      return new BlockSizes(4096, 8192, 1 << 16);
    }

    @Override
    public void read(ByteBuffer target, long offset) {
      target.position(target.limit());
    }
  }

  @Test
  void exportNameAnswersWithoutPaddingIfBothSidesAgree() throws IOException {
    client.greet();
    client.send(OptionCodec.encode(new OptionRequest.ExportName("disk")));
    ByteBuffer reply = client.receive(10);
    assertEquals(SIZE, reply.getLong());
    int flags = reply.getShort();
    assertTrue((flags & TransmissionFlags.HAS_FLAGS) != 0, TransmissionFlags.names(flags));
    assertEquals(0, client.write(0, new byte[512]));
  }

  @Test
  void exportNamePadsForAClientThatDoesNotKnowBetter() throws IOException {
    client.greet(HandshakeFlags.FIXED_NEWSTYLE);
    client.send(OptionCodec.encode(new OptionRequest.ExportName("disk")));
    ByteBuffer reply = client.receive(134);
    assertEquals(SIZE, reply.getLong());
    reply.getShort();
    byte[] padding = new byte[124];
    reply.get(padding);
    assertArrayEquals(new byte[124], padding);
    assertEquals(16, client.read(0, 16).length);
  }

  @Test
  void exportNameIsAllThatPlainNewstyleMayUse() throws IOException {
    client.greet(0);
    client.send(OptionCodec.encode(new OptionRequest.ListExports()));
    client.assertClosed();
  }

  @Test
  void exportNameOfNothingEndsTheConnection() throws IOException {
    client.greet();
    client.send(OptionCodec.encode(new OptionRequest.ExportName("none")));
    client.assertClosed();
  }

  @Test
  void exportNameAfterExtendedHeadersEndsTheConnection() throws IOException {
    client.greet();
    client.acknowledged(new OptionRequest.ExtendedHeaders());
    client.send(OptionCodec.encode(new OptionRequest.ExportName("disk")));
    client.assertClosed();
  }

  @Test
  void clientFlagsThatWereNotOfferedEndTheConnection() throws IOException {
    client.greet(HandshakeFlags.FIXED_NEWSTYLE | 4);
    client.assertClosed();
  }

  @Test
  void aWrongOptionMagicEndsTheConnection() throws IOException {
    client.greet();
    client.send(ByteBuffer.allocate(16).putLong(Magic.IHAVEOPT + 1).putLong(0).flip());
    client.assertClosed();
  }

  @Test
  void abortIsAcknowledged() throws IOException {
    client.greet();
    assertEquals(List.of(), client.acknowledged(new OptionRequest.Abort()));
    client.assertClosed();
  }

  @Test
  void listShowsNamesAndDescriptions() throws IOException {
    client.greet();
    assertEquals(
        List.of(
            new OptionReply.Server("disk", "A disk of bytes"),
            new OptionReply.Server("fixed", ""),
            new OptionReply.Server("coarse", "")),
        client.acknowledged(new OptionRequest.ListExports()));
  }

  @Test
  void listWithDataIsInvalid() throws IOException {
    client.greet();
    assertEquals(OptionReplies.ERR_INVALID, refusedRaw(Options.LIST, new byte[] {1}));
    assertEquals(3, client.acknowledged(new OptionRequest.ListExports()).size());
  }

  private int refusedRaw(int option, byte[] data) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(16 + data.length);
    bytes.putLong(Magic.IHAVEOPT).putInt(option).putInt(data.length).put(data);
    client.send(bytes.flip());
    return assertInstanceOf(OptionReply.Error.class, client.optionReplies(option).getLast()).type();
  }

  @Test
  void infoTellsTheExportAndWhatWasAsked() throws IOException {
    client.greet();
    List<Integer> all = List.of(InfoTypes.NAME, InfoTypes.DESCRIPTION, InfoTypes.BLOCK_SIZE, 4711);
    List<OptionReply> replies = client.acknowledged(new OptionRequest.Info("", all));
    int flags =
        TransmissionFlags.HAS_FLAGS
            | TransmissionFlags.SEND_FLUSH
            | TransmissionFlags.SEND_FUA
            | TransmissionFlags.SEND_TRIM
            | TransmissionFlags.SEND_WRITE_ZEROES
            | TransmissionFlags.SEND_FAST_ZERO
            | TransmissionFlags.CAN_MULTI_CONN
            | TransmissionFlags.SEND_CACHE;
    assertEquals(
        List.of(
            new OptionReply.Info(new InfoItem.Export(SIZE, flags)),
            new OptionReply.Info(new InfoItem.BlockSize(1, 4096, 1 << 25)),
            new OptionReply.Info(new InfoItem.Name("disk")),
            new OptionReply.Info(new InfoItem.Description("A disk of bytes"))),
        replies);
  }

  @Test
  void infoTellsOnlyTheExportIfNothingElseIsAsked() throws IOException {
    client.greet();
    List<OptionReply> replies =
        client.acknowledged(new OptionRequest.Info("fixed", List.of(InfoTypes.DESCRIPTION)));
    int flags =
        TransmissionFlags.HAS_FLAGS
            | TransmissionFlags.READ_ONLY
            | TransmissionFlags.CAN_MULTI_CONN
            | TransmissionFlags.SEND_CACHE;
    assertEquals(List.of(new OptionReply.Info(new InfoItem.Export(4096, flags))), replies);
  }

  @Test
  void flagsFollowTheReplyStyle() throws IOException {
    client.greet();
    client.negotiate(Style.STRUCTURED);
    assertEquals(TransmissionFlags.SEND_DF, styleFlags());
    client.acknowledged(new OptionRequest.ExtendedHeaders());
    assertEquals(TransmissionFlags.SEND_DF | TransmissionFlags.BLOCK_STATUS_PAYLOAD, styleFlags());
  }

  private int styleFlags() throws IOException {
    OptionReply reply = client.acknowledged(new OptionRequest.Info("disk", List.of())).getFirst();
    int flags =
        assertInstanceOf(
                InfoItem.Export.class, assertInstanceOf(OptionReply.Info.class, reply).item())
            .transmissionFlags();
    return flags & (TransmissionFlags.SEND_DF | TransmissionFlags.BLOCK_STATUS_PAYLOAD);
  }

  @Test
  void anUnknownExportIsAnErrorWithAText() throws IOException {
    client.greet();
    String name = "ä".repeat(2000);
    for (OptionRequest request :
        List.of(new OptionRequest.Info(name, List.of()), new OptionRequest.Go(name, List.of()))) {
      OptionReply.Error error =
          assertInstanceOf(OptionReply.Error.class, client.option(request).getFirst());
      assertEquals(OptionReplies.ERR_UNKNOWN, error.type());
      assertTrue(error.message().contains("ää"), error.message());
    }
    client.go("disk");
    assertEquals(SIZE, client.size());
  }

  @Test
  void anExportWithLargeBlocksWantsTheQuestion() throws IOException {
    client.greet();
    assertEquals(
        OptionReplies.ERR_BLOCK_SIZE_REQD,
        client.refused(new OptionRequest.Go("coarse", List.of())));
    List<OptionReply> replies =
        client.acknowledged(new OptionRequest.Info("coarse", List.of(InfoTypes.BLOCK_SIZE)));
    assertEquals(new OptionReply.Info(new InfoItem.BlockSize(4096, 8192, 1 << 16)), replies.get(1));
    client.go("coarse");
  }

  @Test
  void structuredRepliesAndExtendedHeadersAreAgreedOnce() throws IOException {
    client.greet();
    client.acknowledged(new OptionRequest.StructuredReply());
    assertEquals(OptionReplies.ERR_INVALID, client.refused(new OptionRequest.StructuredReply()));
    client.acknowledged(new OptionRequest.ExtendedHeaders());
    assertEquals(OptionReplies.ERR_INVALID, client.refused(new OptionRequest.ExtendedHeaders()));
    assertEquals(
        OptionReplies.ERR_EXT_HEADER_REQD, client.refused(new OptionRequest.StructuredReply()));
  }

  @Test
  void startTlsIsNotSupported() throws IOException {
    client.greet();
    assertEquals(OptionReplies.ERR_UNSUP, client.refused(new OptionRequest.StartTls()));
    client.go("disk");
    assertEquals(4, client.read(0, 4).length);
  }

  @ParameterizedTest
  @ValueSource(ints = {Options.PEEK_EXPORT, 12, 4711, -1})
  void anUnknownOptionIsRefusedAndSkipped(int option) throws IOException {
    client.greet();
    assertEquals(
        OptionReplies.ERR_UNSUP,
        client.refused(new OptionRequest.Unknown(option, new byte[40_000])));
    client.go("disk");
    assertEquals(SIZE, client.size());
  }

  @Test
  void aLongOptionIsSkippedAndRefused() throws IOException {
    client.greet();
    client.negotiate(Style.STRUCTURED);
    client.selectAllocation("disk");
    assertEquals(
        OptionReplies.ERR_TOO_BIG,
        client.refused(
            new OptionRequest.Unknown(Options.SET_META_CONTEXT, new byte[(1 << 16) + 1])));
    client.go("disk");
    assertEquals(22, client.call(Commands.BLOCK_STATUS, 0, 0, 4096).error);
  }

  @Test
  void aMalformedOptionIsInvalid() throws IOException {
    client.greet();
    for (int option : new int[] {Options.INFO, Options.GO, Options.LIST_META_CONTEXT}) {
      // The length of the name is larger than all of the data.
      assertEquals(
          OptionReplies.ERR_INVALID, refusedRaw(option, new byte[] {0x7f, -1, -1, -1, 0, 0}));
    }
    assertEquals(OptionReplies.ERR_INVALID, refusedRaw(Options.STARTTLS, new byte[3]));
    client.go("disk");
  }

  @Test
  void metaContextsNeedStructuredReplies() throws IOException {
    client.greet();
    List<OptionRequest> both =
        List.of(
            new OptionRequest.ListMetaContext("disk", List.of()),
            new OptionRequest.SetMetaContext("disk", List.of("base:allocation")));
    for (OptionRequest request : both) {
      assertEquals(OptionReplies.ERR_INVALID, client.refused(request));
    }
  }

  @Test
  void metaContextQueriesFindWhatTheyName() throws IOException {
    client.greet();
    client.negotiate(Style.STRUCTURED);
    assertEquals(List.of("base:allocation"), listed());
    assertEquals(List.of("base:allocation"), listed("base:"));
    assertEquals(List.of("base:allocation"), listed("qemu:", "base:allocation"));
    assertEquals(List.of(), listed("qemu:dirty-bitmap:x", "base:other", "nonsense"));
    assertEquals(List.of("base:allocation"), selected("base:allocation", "base:allocation"));
    assertEquals(List.of(), selected("base:"));
    assertEquals(List.of(), selected());
    assertEquals(
        OptionReplies.ERR_UNKNOWN,
        client.refused(new OptionRequest.ListMetaContext("none", List.of())));
  }

  private List<String> listed(String... queries) throws IOException {
    return names(new OptionRequest.ListMetaContext("disk", List.of(queries)));
  }

  private List<String> selected(String... queries) throws IOException {
    return names(new OptionRequest.SetMetaContext("disk", List.of(queries)));
  }

  private List<String> names(OptionRequest request) throws IOException {
    List<String> names = new ArrayList<>();
    for (OptionReply reply : client.acknowledged(request)) {
      names.add(assertInstanceOf(OptionReply.MetaContext.class, reply).name());
    }
    return names;
  }

  @Test
  void contextsHoldOnlyForTheNameTheyWereSelectedWith() throws IOException {
    client.greet();
    client.negotiate(Style.STRUCTURED);
    client.selectAllocation("fixed");
    client.go("disk");
    assertEquals(22, client.call(Commands.BLOCK_STATUS, 0, 0, 4096).error);
  }

  @Test
  void aFailedSelectionForgetsTheOneBefore() throws IOException {
    client.greet();
    client.negotiate(Style.STRUCTURED);
    client.selectAllocation("disk");
    assertEquals(
        OptionReplies.ERR_UNKNOWN,
        client.refused(new OptionRequest.SetMetaContext("none", List.of("base:allocation"))));
    client.go("disk");
    assertEquals(22, client.call(Commands.BLOCK_STATUS, 0, 0, 4096).error);
  }

  @Test
  void optionsMayComeAllAtOnce() throws IOException {
    client.greet();
    List<OptionRequest> requests =
        List.of(
            new OptionRequest.StructuredReply(),
            new OptionRequest.Unknown(99, new byte[7]),
            new OptionRequest.ListExports());
    for (OptionRequest request : requests) {
      client.send(OptionCodec.encode(request));
    }
    assertEquals(1, client.optionReplies(Options.STRUCTURED_REPLY).size());
    assertEquals(1, client.optionReplies(99).size());
    assertEquals(4, client.optionReplies(Options.LIST).size());
  }
}
