package io.nbd4j;

import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.nbd4j.model.NbdException;
import io.nbd4j.script.Export;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** The four counters, which count bytes of the protocol and its messages. */
final class StatisticsTest {

  private static void assertCounters(
      NbdHandle handle, long bytesSent, long chunksSent, long bytesReceived, long chunksReceived) {
    assertEquals(bytesSent, handle.statsBytesSent(), "bytes sent");
    assertEquals(chunksSent, handle.statsChunksSent(), "chunks sent");
    assertEquals(bytesReceived, handle.statsBytesReceived(), "bytes received");
    assertEquals(chunksReceived, handle.statsChunksReceived(), "chunks received");
  }

  @Test
  void everyByteAndMessageCounts() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20).structured());
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      // Flags, then EXTENDED_HEADERS, STRUCTURED_REPLY and GO with a name of no length and one
      // type.
      long sent = 4 + 16 + 16 + 16 + 8;
      // Magic and flags, a refusal, an acknowledgement, the export and another acknowledgement.
      long received = 18 + 20 + 20 + 32 + 20;
      assertCounters(handle, sent, 3, received, 1);
      handle.pread(ByteBuffer.allocate(100), 0);
      assertCounters(handle, sent + 28, 4, received + 28 + 100, 2);
      handle.pwrite(ByteBuffer.allocate(50), 0);
      assertCounters(handle, sent + 28 + 28 + 50, 5, received + 128 + 20, 3);
      handle.flush();
      assertCounters(handle, sent + 106 + 28, 6, received + 148 + 20, 4);
      handle.shutdown();
      assertCounters(handle, sent + 134 + 28, 7, received + 168, 4);
    }
  }

  @Test
  void aHandleThatGetsNowhereHasCountedWhatCame() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(peer -> peer.send(newstyle(3)));
        NbdHandle handle = new NbdHandle()) {
      assertThrows(NbdException.class, () -> handle.connectUnix(server.socket()));
      assertEquals(18, handle.statsBytesReceived());
      assertEquals(1, handle.statsChunksReceived());
    }
  }
}
