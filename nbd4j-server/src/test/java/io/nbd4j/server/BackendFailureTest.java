package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.server.TestClient.Answer;
import io.nbd4j.server.TestClient.Style;
import io.nbd4j.server.backend.BackendException;
import io.nbd4j.server.backend.Capability;
import io.nbd4j.server.backend.ExtentSink;
import io.nbd4j.server.backend.ZeroOptions;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.WireErrors;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BackendFailureTest {
  private static final int SIZE = 1 << 20;

  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private final BrokenBackend backend = new BrokenBackend();
  private NbdServer server;

  /** Does at the offset n * 4096 what the n-th row of a table says. */
  private static final class BrokenBackend extends TestBackend {
    volatile boolean blocking = true;

    BrokenBackend() {
      super(SIZE, 1);
    }

    @Override
    public boolean mayBlock() {
      return blocking;
    }

    @Override
    public Set<Capability> capabilities() {
      return Set.of(Capability.WRITE, Capability.FLUSH, Capability.EXTENTS, Capability.FAST_ZERO);
    }

    @Override
    public void read(ByteBuffer target, long offset) throws IOException {
      fail(offset);
      if (offset == 10 * 4096) {
        target.position(target.position() + 1);
        return;
      }
      if (offset == 11 * 4096) {
        target.limit(target.limit() / 2).position(target.limit());
        return;
      }
      super.read(target, offset);
    }

    @Override
    public void write(ByteBuffer source, long offset, boolean fua) throws IOException {
      fail(offset);
      if (offset == 10 * 4096) {
        return;
      }
      super.write(source, offset, fua);
    }

    @Override
    public void zero(long offset, long length, ZeroOptions options) throws IOException {
      throw new BackendException(WireErrors.ENOTSUP, "no");
    }

    @Override
    public void extents(long offset, long length, ExtentSink sink) throws IOException {
      fail(offset);
      sink.add(0, true, true);
    }

    private static void fail(long offset) throws IOException {
      switch ((int) (offset / 4096)) {
        case 1 -> throw new IOException("a cable");
        case 2 -> throw new IOException("No space left on device");
        case 3 ->
            throw new BackendException(
                WireErrors.ESHUTDOWN, "good\0night\ud800 " + "x".repeat(9000));
        case 4 -> throw new IllegalStateException("a bug");
        case 5 -> throw new StackOverflowError();
        case 6 -> throw new OutOfMemoryError("of a test");
        case 7 -> throw new NonWritableChannelException();
        case 8 -> throw new BackendException(WireErrors.EOVERFLOW, "too much");
        default -> {}
      }
    }
  }

  private static final int[] ERRORS = {
    0,
    WireErrors.EIO,
    WireErrors.ENOSPC,
    WireErrors.ESHUTDOWN,
    WireErrors.EIO,
    WireErrors.EIO,
    WireErrors.ENOMEM,
    WireErrors.EPERM,
    WireErrors.EINVAL
  };

  private TestClient connect(Style style) throws IOException {
    server =
        NbdServer.builder()
            .export("broken", backend)
            .log(line -> {
              log.add(line);
              throw new IllegalStateException("a log that fails");
            })
            .listenTcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .start();
    TestClient client = new TestClient(server.addresses().getFirst());
    client.greet();
    client.negotiate(style);
    if (style != Style.SIMPLE) {
      client.selectAllocation("broken");
    }
    client.go("broken");
    return client;
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    assertEquals(1, backend.closes.get());
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void whatABackendThrowsIsTheErrorOfItsCommand(Style style) throws IOException {
    for (boolean blocking : new boolean[] {true, false}) {
      backend.blocking = blocking;
      try (TestClient client = connect(style)) {
        for (int row = 0; row < ERRORS.length; row++) {
          assertEquals(ERRORS[row], client.call(Commands.READ, 0, row * 4096L, 512).error);
          assertEquals(ERRORS[row], client.write(row * 4096L, new byte[512]));
          assertEquals(ERRORS[row], client.write(row * 4096L, new byte[100_000]));
        }
        assertArrayEquals(new byte[99], client.read(0, 99));
      }
      if (blocking) {
        server.close();
        backend.closes.set(0);
      }
    }
    assertTrue(log.stream().anyMatch(line -> line.contains("a cable")), log::toString);
  }

  @Test
  void onlyWhatTheBackendSaysOnPurposeIsToldToTheClient() throws IOException {
    try (TestClient client = connect(Style.STRUCTURED)) {
      String told = client.call(Commands.READ, 0, 3 * 4096, 512).message;
      assertTrue(told.startsWith("good night"), told);
      String hidden = client.call(Commands.READ, 0, 4096, 512).message;
      assertEquals("the backend failed", hidden);
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void aShortAnswerIsAnError(Style style) throws IOException {
    try (TestClient client = connect(style)) {
      assertEquals(WireErrors.EIO, client.call(Commands.READ, 0, 10 * 4096, 512).error);
      assertEquals(WireErrors.EIO, client.call(Commands.READ, 0, 11 * 4096, 512).error);
      assertEquals(WireErrors.EIO, client.write(10 * 4096, new byte[512]));
      assertArrayEquals(new byte[99], client.read(0, 99));
    }
  }

  @Test
  void extentsThatFailDoNotSpoilARead() throws IOException {
    try (TestClient client = connect(Style.STRUCTURED)) {
      assertArrayEquals(new byte[8192], client.read(20 * 4096, 8192));
      Answer answer = client.call(Commands.BLOCK_STATUS, 0, 20 * 4096, 8192);
      assertEquals(WireErrors.EIO, answer.error);
    }
  }

  @Test
  void notSupportedIsOnlyForZeroesThatHaveToBeFast() throws IOException {
    try (TestClient client = connect(Style.SIMPLE)) {
      assertEquals(
          WireErrors.ENOTSUP,
          client.call(Commands.WRITE_ZEROES, CommandFlags.FAST_ZERO, 0, 512).error);
      assertEquals(WireErrors.EINVAL, client.call(Commands.WRITE_ZEROES, 0, 0, 512).error);
    }
  }

  @Test
  void fuaIsAFlushWhereTheBackendHasNone() throws IOException {
    try (TestClient client = connect(Style.SIMPLE)) {
      assertEquals(0, client.call(Commands.WRITE, CommandFlags.FUA, 0, 512, new byte[512]).error);
      assertEquals(1, backend.flushes.get());
      assertEquals(0, client.write(0, new byte[512]));
      assertEquals(0, client.call(Commands.READ, CommandFlags.FUA, 0, 512).error);
      assertEquals(1, backend.flushes.get());
      assertEquals(0, client.call(Commands.FLUSH, 0, 0, 0).error);
      assertEquals(2, backend.flushes.get());
    }
  }
}
