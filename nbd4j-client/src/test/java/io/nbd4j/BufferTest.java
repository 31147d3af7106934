package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer.Request;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The callers' buffers: every kind of them, and where their positions are afterwards. */
final class BufferTest {

  private static final byte OLD = 0x55;

  /** A place for bytes, with others before and after them that must not change. */
  enum Kind {
    HEAP,
    DIRECT,
    HEAP_SLICE,
    DIRECT_SLICE;

    ByteBuffer of(int count) {
      int capacity = count + 40;
      ByteBuffer whole =
          this == HEAP || this == HEAP_SLICE
              ? ByteBuffer.allocate(capacity)
              : ByteBuffer.allocateDirect(capacity);
      for (int i = 0; i < capacity; i++) {
        whole.put(i, OLD);
      }
      ByteBuffer buffer = this == HEAP || this == DIRECT ? whole : whole.slice(10, capacity - 20);
      return buffer.position(5).limit(5 + count);
    }
  }

  private static void assertRange(ByteBuffer buffer, byte[] expected) {
    byte[] actual = new byte[expected.length];
    buffer.get(5, actual);
    assertArrayEquals(expected, actual);
    ByteBuffer all = buffer.duplicate().clear();
    for (int i = 0; i < all.limit(); i++) {
      if (i < 5 || i >= 5 + expected.length) {
        assertEquals(OLD, all.get(i), "the byte at " + i);
      }
    }
  }

  private static void assertAt(int position, int limit, ByteBuffer buffer) {
    assertEquals(position, buffer.position());
    assertEquals(limit, buffer.limit());
  }

  @ParameterizedTest
  @EnumSource
  void readsOfAllSizesFillTheRangeAndMoveBehindIt(Kind kind) throws IOException {
    for (Export export :
        new Export[] {
          Export.of(1 << 30), Export.of(1 << 30).structured(), Export.of(1 << 30).extended()
        }) {
      try (ScriptedServer server = ScriptedServer.serving(export);
          NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        for (int count : new int[] {1, 17, 4096, 16 << 10, (16 << 10) + 1, 300_000, 1 << 20}) {
          ByteBuffer buffer = kind.of(count);
          handle.pread(buffer, 1000 + count);
          assertAt(5 + count, 5 + count, buffer);
          assertRange(buffer, Export.content(1000 + count, count));
          buffer = kind.of(count);
          long cookie = handle.aioPread(buffer, 2000 + count);
          while (!handle.aioCommandCompleted(cookie)) {
            assertEquals(1, handle.poll(-1));
          }
          assertAt(5 + count, 5 + count, buffer);
          assertRange(buffer, Export.content(2000 + count, count));
        }
        handle.shutdown();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void writesOfAllSizesSendTheRangeAndMoveBehindIt(Kind kind) throws Exception {
    BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
    try (ScriptedServer server = receiving(requests);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      Random random = new Random(5);
      for (int count : new int[] {1, 17, 4096, 300_000, 5 << 20}) {
        byte[] content = new byte[count];
        random.nextBytes(content);
        for (boolean readOnly : new boolean[] {false, true}) {
          ByteBuffer filled = kind.of(count).put(5, content);
          ByteBuffer buffer = readOnly ? filled.asReadOnlyBuffer() : filled;
          handle.pwrite(buffer, 77);
          assertAt(5 + count, 5 + count, buffer);
          assertArrayEquals(content, requests.take().payload().toArray());
          long cookie = handle.aioPwrite(buffer.position(5), 78);
          while (!handle.aioCommandCompleted(cookie)) {
            handle.poll(-1);
          }
          assertAt(5 + count, 5 + count, buffer);
          assertArrayEquals(content, requests.take().payload().toArray());
          assertRange(filled, content);
        }
      }
      handle.shutdown();
    }
  }

  private static ScriptedServer receiving(BlockingQueue<Request> requests) {
    return ScriptedServer.start(peer -> {
      peer.greet(Export.of(1 << 30));
      for (Request request = peer.readRequest();
          request.type() != DISC;
          request = peer.readRequest()) {
        requests.add(request);
        peer.send(peer.success(request));
      }
    });
  }

  private static ScriptedServer failing(Export export) {
    return ScriptedServer.start(peer -> {
      peer.greet(export);
      for (Request request = peer.nextRequest(); request != null; request = peer.nextRequest()) {
        peer.send(peer.failure(request, 5, "broken"));
      }
    });
  }

  @ParameterizedTest
  @EnumSource
  void aFailedCommandLeavesPositionAndLimit(Kind kind) throws IOException {
    for (Export export : new Export[] {Export.of(1 << 30), Export.of(1 << 30).structured()}) {
      try (ScriptedServer server = failing(export);
          NbdHandle handle = new NbdHandle()) {
        handle.connectUnix(server.socket());
        ByteBuffer buffer = kind.of(100);
        fails(Errno.EIO, "nbd_pread: read: command failed", () -> handle.pread(buffer, 0));
        assertAt(5, 105, buffer);
        assertRange(buffer, new byte[100]);
        fails(Errno.EIO, "nbd_pwrite: write: command failed", () -> handle.pwrite(buffer, 0));
        assertAt(5, 105, buffer);
        long read = handle.aioPread(buffer, 0);
        fails(
            Errno.EIO,
            "nbd_aio_command_completed: read: command failed",
            () -> awaitCompletion(handle, read));
        assertAt(5, 105, buffer);
        long write = handle.aioPwrite(buffer, 0);
        fails(
            Errno.EIO,
            "nbd_aio_command_completed: write: command failed",
            () -> awaitCompletion(handle, write));
        assertAt(5, 105, buffer);
      }
    }
  }

  private static void awaitCompletion(NbdHandle handle, long cookie) throws NbdException {
    while (!handle.aioCommandCompleted(cookie)) {
      handle.poll(-1);
    }
  }

  @Test
  void theServersWordsAreInTheException() throws IOException {
    try (ScriptedServer server = failing(Export.of(1 << 30).structured());
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      NbdException failure =
          fails(
              Errno.EIO,
              "nbd_pread: read: command failed",
              () -> handle.pread(ByteBuffer.allocate(1), 0));
      assertEquals("broken", failure.serverText());
      assertEquals(NbdException.Kind.SERVER, failure.kind());
      assertEquals("unix:" + server.socket(), failure.endpoint());
      assertEquals("", failure.export());
      assertTrue(failure.getMessage().startsWith(failure.text()), failure.getMessage());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRefusedCommandLeavesPositionAndLimit(Kind kind) throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20));
        NbdHandle handle = new NbdHandle()) {
      ByteBuffer early = kind.of(100);
      fails(Errno.ENOTCONN, () -> handle.pread(early, 0));
      assertAt(5, 105, early);
      assertRange(early, new byte[100]);
      handle.connectUnix(server.socket());
      ByteBuffer beyond = kind.of(100);
      fails(Errno.EINVAL, () -> handle.pread(beyond, (1 << 20) - 1));
      assertAt(5, 105, beyond);
      assertRange(beyond, new byte[100]);
      ByteBuffer written = kind.of(100);
      fails(Errno.ENOSPC, () -> handle.aioPwrite(written, 1 << 20));
      assertAt(5, 105, written);
    }
  }

  @Test
  void aReadOnlyBufferCannotBeReadInto() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1 << 20));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer buffer = ByteBuffer.allocate(8).asReadOnlyBuffer();
      fails(Errno.EINVAL, () -> handle.pread(buffer, 0));
      fails(Errno.EINVAL, () -> handle.aioPread(buffer, 0));
      fails(
          Errno.EINVAL,
          () -> handle.preadStructured(buffer, 0, (subbuf, offset, status, error) -> {}));
      assertAt(0, 8, buffer);
      handle.pwrite(buffer, 0);
      assertAt(8, 8, buffer);
    }
  }

  @Test
  void withoutInitializationAFailedReadLeavesTheBytes() throws IOException {
    try (ScriptedServer server = failing(Export.of(1 << 30));
        NbdHandle handle = new NbdHandle()) {
      assertTrue(handle.getPreadInitialize());
      handle.connectUnix(server.socket());
      handle.setPreadInitialize(false);
      ByteBuffer buffer = Kind.HEAP.of(3);
      fails(Errno.EIO, () -> handle.pread(buffer, 0));
      assertRange(buffer, new byte[] {OLD, OLD, OLD});
      handle.setPreadInitialize(true);
      fails(Errno.EIO, () -> handle.pread(buffer, 0));
      assertRange(buffer, new byte[3]);
    }
  }

  @Test
  void holesAreZeroedAlsoWithoutInitialization() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.greet(Export.of(1 << 20).structured());
              Request request = peer.expectRequest(READ);
              peer.send(
                  peer.piece(request, 0, CHUNK_HOLE, hole(100, 3)),
                  peer.piece(request, DONE, CHUNK_DATA, data(103, new byte[] {1, 2, 3, 4, 5})));
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.setPreadInitialize(false);
      handle.connectUnix(server.socket());
      ByteBuffer buffer = Kind.DIRECT_SLICE.of(8);
      Bytes pieces = new Bytes();
      handle.preadStructured(
          buffer,
          100,
          (subbuf, offset, status, error) -> {
            assertTrue(subbuf.isReadOnly());
            pieces.text(status + "@" + offset + "+" + subbuf.remaining() + " ");
          });
      assertRange(buffer, new byte[] {0, 0, 0, 1, 2, 3, 4, 5});
      assertEquals("HOLE@100+3 DATA@103+5 ", new String(pieces.toArray(), StandardCharsets.UTF_8));
    }
  }
}
