package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.CommandFlags;
import io.nbd4j.model.Errno;
import io.nbd4j.model.Extent64Callback;
import io.nbd4j.model.ExtentCallback;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer.Request;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Block status through the public face, with callbacks of both widths. */
final class BlockStatusTest {

  private final List<String> seen = new ArrayList<>();
  private final ExtentCallback narrow =
      (context, offset, entries, error) ->
          seen.add(context + "@" + offset + Arrays.toString(entries));
  private final Extent64Callback wide =
      (context, offset, extents, error) -> {
        StringBuilder line = new StringBuilder(context + "@" + offset);
        extents.forEach(
            extent -> line.append(' ').append(extent.length()).append(':').append(extent.flags()));
        seen.add(line.toString());
      };

  /** Two contexts of the first 64 KiB: all data, and a hole in the middle. */
  private static ScriptedServer describing(Export export, boolean extended) {
    return ScriptedServer.start(peer -> {
      peer.greet(export.contexts("a:a", "b:b"));
      for (Request request = peer.nextRequest();
          request != null && request.type() == BLOCK_STATUS;
          request = peer.nextRequest()) {
        Bytes all = extended ? statusExt(1, 65536, 0) : status(1, 65536, 0);
        Bytes parts =
            extended
                ? statusExt(2, 16384, 0, 16384, 3, 32768, 0)
                : status(2, 16384, 0, 16384, 3, 32768, 0);
        int type = extended ? CHUNK_STATUS_EXT : CHUNK_STATUS;
        peer.send(peer.piece(request, 0, type, all), peer.piece(request, DONE, type, parts));
      }
    });
  }

  private static void connect(NbdHandle handle, ScriptedServer server) throws NbdException {
    handle.addMetaContext("a:a");
    handle.addMetaContext("b:b");
    handle.connectUnix(server.socket());
  }

  @Test
  void callbacksOfBothWidthsOnBothKindsOfConnection() throws IOException {
    for (boolean extended : new boolean[] {false, true}) {
      Export export = Export.of(1 << 20);
      try (ScriptedServer server =
              describing(extended ? export.extended() : export.structured(), extended);
          NbdHandle handle = new NbdHandle()) {
        connect(handle, server);
        seen.clear();
        handle.blockStatus(65536, 512, narrow);
        handle.blockStatus64(65536, 512, wide, CommandFlags.REQ_ONE);
        long cookie = handle.aioBlockStatus(65536, 512, narrow);
        long other = handle.aioBlockStatus64(65536, 512, wide);
        while (handle.aioInFlight() > 0) {
          handle.poll(-1);
        }
        assertTrue(handle.aioCommandCompleted(cookie));
        assertTrue(handle.aioCommandCompleted(other));
        String entries = "@512[16384, 0, 16384, 3, 32768, 0]";
        String extents = "@512 16384:0 16384:3 32768:0";
        assertEquals(
            List.of(
                "a:a@512[65536, 0]",
                "b:b" + entries,
                "a:a@512 65536:0",
                "b:b" + extents,
                "a:a@512[65536, 0]",
                "b:b" + entries,
                "a:a@512 65536:0",
                "b:b" + extents),
            seen);
      }
    }
  }

  @Test
  void aCallbackThatFailsFailsTheCommand() throws IOException {
    try (ScriptedServer server = describing(Export.of(1 << 20).structured(), false);
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      NbdException failure =
          fails(
              Errno.E2BIG,
              "nbd_block_status: block-status: command failed",
              () ->
                  handle.blockStatus(
                      65536,
                      0,
                      (context, offset, entries, error) -> {
                        seen.add(context + " " + error);
                        throw new NbdException(Errno.E2BIG, "too much");
                      }));
      assertEquals("too much: Argument list too long", ((NbdException) failure.getCause()).text());
      assertEquals(List.of("a:a 0", "b:b " + Errno.E2BIG), seen);
      handle.blockStatus(65536, 0, narrow);
      assertEquals(4, seen.size());
    }
  }

  @Test
  void mandatoryCallbacksAreMandatory() throws IOException {
    try (ScriptedServer server = describing(Export.of(1 << 20).structured(), false);
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      fails(
          Errno.EFAULT,
          "nbd_block_status: extent cannot be NULL",
          () -> handle.blockStatus(1, 0, null));
      fails(
          Errno.EFAULT,
          "nbd_block_status_64: extent64 cannot be NULL",
          () -> handle.blockStatus64(1, 0, null));
      fails(
          Errno.EFAULT,
          "nbd_block_status_filter: contexts cannot be NULL",
          () -> handle.blockStatusFilter(1, 0, null, wide));
      assertFalse(handle.aioIsDead());
    }
  }
}
