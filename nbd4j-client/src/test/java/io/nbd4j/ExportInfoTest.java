package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.BlockSize;
import io.nbd4j.model.Errno;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a handle tells of the export. */
final class ExportInfoTest {

  @Test
  void everyFlagHasItsQuestion() throws IOException {
    for (int bit = 0; bit < 13; bit++) {
      int flags = 1 | 1 << bit | (bit == 11 ? 1 << 6 : 0);
      try (ScriptedServer server =
              ScriptedServer.serving(Export.of(1 << 20).extended().flags(flags));
          NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        List<Boolean> answers =
            List.of(
                handle.isReadOnly(),
                handle.canFlush(),
                handle.canFua(),
                handle.isRotational(),
                handle.canTrim(),
                handle.canZero(),
                handle.canDf(),
                handle.canMultiConn(),
                handle.canCache(),
                handle.canFastZero(),
                handle.canBlockStatusPayload());
        int[] bits = {1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12};
        for (int i = 0; i < bits.length; i++) {
          assertEquals((flags & 1 << bits[i]) != 0, answers.get(i), "bit " + bits[i]);
        }
        handle.shutdown();
        assertEquals(bit == 1, handle.isReadOnly(), "still known after the end");
        assertEquals(1 << 20, handle.getSize());
      }
    }
  }

  @Test
  void nothingIsKnownBeforeTheServerSaidIt() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.begin();
              peer.negotiate(Export.of(4096).blockSizes(1, 4096, 1 << 20));
              peer.serve();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.setOptMode(true);
      handle.connectUnix(server.socket());
      fails(
          Errno.EINVAL,
          "nbd_get_size: server has not returned export size, you need to connect to the server"
              + " first",
          handle::getSize);
      fails(
          Errno.EINVAL,
          "nbd_can_trim: server has not returned export flags, you need to connect to the server"
              + " first",
          handle::canTrim);
      List<Executable> questions =
          List.of(
              handle::isReadOnly,
              handle::canFlush,
              handle::canFua,
              handle::isRotational,
              handle::canZero,
              handle::canFastZero,
              handle::canDf,
              handle::canMultiConn,
              handle::canCache,
              handle::canBlockStatusPayload,
              () -> handle.canMetaContext("x"),
              () -> handle.getBlockSize(BlockSize.MINIMUM));
      questions.forEach(question -> fails(Errno.EINVAL, question));
      handle.optInfo();
      assertEquals(4096, handle.getSize());
      assertTrue(handle.canTrim());
      handle.setExportName("");
      assertEquals(4096, handle.getSize(), "the same name changes nothing");
      handle.setExportName("other");
      fails(Errno.EINVAL, handle::getSize);
      questions.forEach(question -> fails(Errno.EINVAL, question));
      handle.optGo();
      assertEquals(4096, handle.getSize());
    }
  }

  @Test
  void aSizeBeyond63BitsDoesNotFit() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(Long.MIN_VALUE));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      fails(Errno.EOVERFLOW, handle::getSize);
    }
    try (ScriptedServer server = ScriptedServer.serving(Export.of(Long.MAX_VALUE));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      assertEquals(Long.MAX_VALUE, handle.getSize());
    }
  }

  @Test
  void blockSizesAreThoseOfTheServerOrNone() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      assertEquals(0, handle.getBlockSize(BlockSize.MINIMUM));
      assertEquals(0, handle.getBlockSize(BlockSize.PREFERRED));
      assertEquals(0, handle.getBlockSize(BlockSize.MAXIMUM));
      assertEquals(32 << 20, handle.getBlockSize(BlockSize.PAYLOAD));
    }
    try (ScriptedServer server =
            ScriptedServer.serving(Export.of(1 << 20).blockSizes(512, 65536, 0xffff_ffffL));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      assertEquals(512, handle.getBlockSize(BlockSize.MINIMUM));
      assertEquals(65536, handle.getBlockSize(BlockSize.PREFERRED));
      assertEquals(0xffff_ffffL, handle.getBlockSize(BlockSize.MAXIMUM));
      assertEquals(64 << 20, handle.getBlockSize(BlockSize.PAYLOAD));
    }
  }

  private static void describeFully(Peer peer) throws IOException {
    peer.begin();
    peer.expectOption(EXTENDED_HEADERS);
    peer.send(ack(EXTENDED_HEADERS));
    assertEquals(
        "00000000" + "0003" + "0003" + "0001" + "0002", peer.expectOption(GO).data().toString());
    peer.send(
        infoName(GO, "the name"), infoDescription(GO, "what it is"), infoExport(GO, 1, 1), ack(GO));
    peer.awaitEnd();
  }

  @Test
  void nameAndDescriptionAreToldIfTheServerTells() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(ExportInfoTest::describeFully);
        NbdHandle handle = new NbdHandle()) {
      handle.setFullInfo(true);
      handle.connectUnix(server.socket());
      assertEquals("the name", handle.getCanonicalExportName());
      assertEquals("what it is", handle.getExportDescription());
      assertEquals("", handle.getExportName());
      assertEquals("newstyle-fixed", handle.getProtocol());
      assertTrue(handle.getExtendedHeadersNegotiated());
      assertTrue(handle.getStructuredRepliesNegotiated());
      assertFalse(handle.getTlsNegotiated());
    }
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      fails(Errno.ENOTSUP, handle::getCanonicalExportName);
      fails(Errno.ENOTSUP, handle::getExportDescription);
      assertFalse(handle.getExtendedHeadersNegotiated());
      assertFalse(handle.getStructuredRepliesNegotiated());
    }
  }

  @Test
  void metaContextsAreTheOnesThatWereGranted() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.serving(Export.of(1 << 20).structured().contexts("base:allocation"));
        NbdHandle handle = new NbdHandle()) {
      handle.addMetaContext("base:allocation");
      handle.addMetaContext("x:y");
      handle.connectUnix(server.socket());
      assertTrue(handle.canMetaContext("base:allocation"));
      assertFalse(handle.canMetaContext("x:y"));
      assertFalse(handle.canMetaContext("base:"));
      assertEquals(2, handle.getNrMetaContexts());
    }
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20).structured());
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      assertFalse(handle.canMetaContext("base:allocation"), "none was asked for");
    }
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20).structured());
        NbdHandle handle = new NbdHandle()) {
      handle.addMetaContext("base:allocation");
      handle.setRequestMetaContext(false);
      handle.connectUnix(server.socket());
      fails(Errno.EINVAL, () -> handle.canMetaContext("base:allocation"));
    }
  }

  @Test
  void anOldstyleServerHasNoMetaContexts() throws IOException {
    for (boolean asked : new boolean[] {false, true}) {
      try (ScriptedServer server =
              ScriptedServer.start(peer -> {
                peer.send(oldstyle(512, 1));
                peer.serve();
              });
          NbdHandle handle = new NbdHandle()) {
        if (asked) {
          handle.addMetaContext("base:allocation");
        }
        handle.connectUnix(server.socket());
        assertFalse(handle.canMetaContext("base:allocation"));
      }
    }
  }
}
