package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.CommandFlags;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.model.StrictMode;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer.Request;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What is refused before it is sent, and what is sent when the check is off. */
final class StrictModeTest {

  private static final long SIZE = 1 << 20;

  /** A connected handle, and the requests that the server got. */
  private static final class Wired implements AutoCloseable {
    final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
    final NbdHandle handle = new NbdHandle();
    private final ScriptedServer server;

    Wired(Export export, String... contexts) throws NbdException {
      server =
          ScriptedServer.start(peer -> {
            peer.greet(export);
            for (Request request = peer.nextRequest();
                request != null;
                request = peer.nextRequest()) {
              requests.add(request);
              peer.send(peer.success(request));
            }
          });
      for (String context : contexts) {
        handle.addMetaContext(context);
      }
      handle.connectUnix(server.socket());
    }

    /** The call is refused if the check is made, and sent if it is not. */
    void checkedBy(int bit, int errno, String text, Executable call) throws Throwable {
      handle.setStrictMode(bit);
      fails(errno, text, call);
      assertEquals(0, requests.size());
      handle.setStrictMode(StrictMode.MASK & ~bit & ~StrictMode.AUTO_FLAG);
      call.execute();
      handle.setStrictMode(StrictMode.MASK);
    }

    /** The one request that was sent. */
    Request sent() {
      assertEquals(1, requests.size());
      return Objects.requireNonNull(requests.poll());
    }

    @Override
    public void close() {
      handle.close();
      server.close();
    }
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count);
  }

  @Test
  void commandsNeedTheServersSupport() throws Throwable {
    try (Wired wired = new Wired(Export.of(SIZE).flags(Export.HAS_FLAGS))) {
      NbdHandle handle = wired.handle;
      int check = StrictMode.COMMANDS;
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_flush: server does not support flush operations",
          handle::flush);
      assertEquals(FLUSH, wired.sent().type());
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_trim: server does not support trim operations",
          () -> handle.trim(512, 0));
      assertEquals(TRIM, wired.sent().type());
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_zero: server does not support zero operations",
          () -> handle.zero(512, 0));
      assertEquals(WRITE_ZEROES, wired.sent().type());
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_cache: server does not support cache operations",
          () -> handle.cache(512, 0));
      assertEquals(CACHE, wired.sent().type());
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_pwrite: server does not support the FUA flag",
          () -> handle.pwrite(bytes(512), 0, CommandFlags.FUA));
      assertEquals(1, wired.sent().flags());
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_pread_structured: server does not support the DF flag",
          () ->
              handle.preadStructured(
                  bytes(512), 0, (subbuf, offset, status, error) -> {}, CommandFlags.DF));
      assertEquals(4, wired.sent().flags());
      wired.checkedBy(
          check,
          Errno.ENOTSUP,
          "nbd_block_status_64: server does not support structured replies",
          () -> handle.blockStatus64(512, 0, (name, offset, extents, error) -> {}));
      assertEquals(BLOCK_STATUS, wired.sent().type());
    }
  }

  @Test
  void supportComesBeforeReadOnlyAndReadOnlyBeforeFlags() throws Throwable {
    int flags = Export.HAS_FLAGS | Export.READ_ONLY;
    try (Wired wired = new Wired(Export.of(SIZE).flags(flags))) {
      NbdHandle handle = wired.handle;
      fails(
          Errno.EINVAL,
          "nbd_trim: server does not support trim operations",
          () -> handle.trim(1, 0, CommandFlags.FUA));
      fails(
          Errno.EINVAL,
          "nbd_zero: server does not support zero operations",
          () -> handle.zero(1, 0, CommandFlags.FUA));
      wired.checkedBy(
          StrictMode.COMMANDS,
          Errno.EPERM,
          "nbd_pwrite: server does not support write operations",
          () -> handle.pwrite(bytes(1), 0, CommandFlags.FUA));
      wired.sent();
    }
    try (Wired wired = new Wired(Export.of(SIZE).flags(flags | Export.TRIM | Export.ZERO))) {
      NbdHandle handle = wired.handle;
      wired.checkedBy(
          StrictMode.COMMANDS,
          Errno.EPERM,
          "nbd_trim: server does not support write operations",
          () -> handle.trim(1, 0, CommandFlags.FUA));
      wired.sent();
      fails(
          Errno.EPERM,
          "nbd_zero: server does not support write operations",
          () -> handle.zero(1, 0));
    }
    try (Wired wired = new Wired(Export.of(SIZE).flags(Export.HAS_FLAGS | Export.ZERO))) {
      NbdHandle handle = wired.handle;
      fails(
          Errno.EINVAL,
          "nbd_zero: server does not support the fast zero flag",
          () -> handle.zero(1, 0, CommandFlags.FAST_ZERO));
      handle.zero(1, 0, CommandFlags.NO_HOLE);
      assertEquals(2, wired.sent().flags());
    }
  }

  @Test
  void flagsBelongToTheirCommands() throws Throwable {
    try (Wired wired = new Wired(Export.of(SIZE).structured())) {
      NbdHandle handle = wired.handle;
      wired.checkedBy(
          StrictMode.FLAGS,
          Errno.EINVAL,
          "nbd_pread: flags: invalid value for flag: 0x40",
          () -> handle.pread(bytes(8), 0, new CommandFlags(0x40)));
      assertEquals(0x40, wired.sent().flags());
      wired.checkedBy(
          StrictMode.FLAGS,
          Errno.EINVAL,
          "nbd_flush: flags: invalid value for flag: 0x1",
          () -> handle.flush(CommandFlags.FUA));
      assertEquals(1, wired.sent().flags());
      wired.checkedBy(
          StrictMode.FLAGS,
          Errno.EINVAL,
          "nbd_trim: flags: invalid value for flag: 0x2",
          () -> handle.trim(8, 0, CommandFlags.NO_HOLE));
      assertEquals(2, wired.sent().flags());
      handle.setStrictMode(0);
      fails(
          Errno.EINVAL,
          "nbd_pwrite: flags: invalid value for flag: 0x10000",
          () -> handle.pwrite(bytes(8), 0, new CommandFlags(0x10000)));
      assertEquals(0, wired.requests.size());
      handle.zero(8, 0, CommandFlags.FUA.and(CommandFlags.NO_HOLE).and(CommandFlags.FAST_ZERO));
      assertEquals(0x13, wired.sent().flags());
    }
  }

  @Test
  void rangesEndWithTheExport() throws Throwable {
    try (Wired wired =
        new Wired(Export.of(SIZE).structured().contexts("base:allocation"), "base:allocation")) {
      NbdHandle handle = wired.handle;
      int check = StrictMode.BOUNDS;
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_pread: request out of bounds",
          () -> handle.pread(bytes(2), SIZE - 1));
      wired.sent();
      wired.checkedBy(
          check,
          Errno.ENOSPC,
          "nbd_pwrite: request out of bounds",
          () -> handle.pwrite(bytes(1), SIZE));
      wired.sent();
      wired.checkedBy(
          check, Errno.ENOSPC, "nbd_trim: request out of bounds", () -> handle.trim(SIZE, 1));
      wired.sent();
      wired.checkedBy(
          check, Errno.ENOSPC, "nbd_zero: request out of bounds", () -> handle.zero(SIZE + 1, 0));
      wired.sent();
      wired.checkedBy(
          check, Errno.EINVAL, "nbd_cache: request out of bounds", () -> handle.cache(1, -1));
      wired.sent();
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_block_status: request out of bounds",
          () -> handle.blockStatus(1, Long.MIN_VALUE, (name, offset, entries, error) -> {}));
      wired.sent();
      handle.pread(bytes(2), SIZE - 2);
      wired.sent();
      handle.trim(SIZE, 0);
      assertEquals(SIZE, wired.sent().length());
    }
  }

  @Test
  void nothingIsNotARange() throws Throwable {
    try (Wired wired = new Wired(Export.of(SIZE))) {
      NbdHandle handle = wired.handle;
      int check = StrictMode.ZERO_SIZE;
      wired.checkedBy(
          check, Errno.EINVAL, "nbd_pread: count cannot be 0", () -> handle.pread(bytes(0), 0));
      wired.sent();
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_pwrite: count cannot be 0",
          () -> handle.pwrite(bytes(0), SIZE));
      wired.sent();
      wired.checkedBy(check, Errno.EINVAL, "nbd_zero: count cannot be 0", () -> handle.zero(0, 7));
      wired.sent();
      handle.flush();
      wired.sent();
    }
  }

  @Test
  void rangesAreAlignedToTheMinimumBlockSize() throws Throwable {
    try (Wired wired = new Wired(Export.of(SIZE + 100).blockSizes(512, 4096, 0xffff_ffffL))) {
      NbdHandle handle = wired.handle;
      int check = StrictMode.ALIGN;
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_pread: request is unaligned",
          () -> handle.pread(bytes(511), 512));
      wired.sent();
      wired.checkedBy(
          check,
          Errno.EINVAL,
          "nbd_pwrite: request is unaligned",
          () -> handle.pwrite(bytes(512), 1));
      wired.sent();
      wired.checkedBy(
          check, Errno.EINVAL, "nbd_trim: request is unaligned", () -> handle.trim(100, SIZE));
      wired.sent();
      handle.pread(bytes(1024), 1536);
      wired.sent();
    }
    try (Wired wired = new Wired(Export.of(SIZE))) {
      wired.handle.pread(bytes(1), 1);
      wired.sent();
    }
  }

  @Test
  void payloadsHaveALimit() throws Throwable {
    try (Wired wired = new Wired(Export.of(1L << 40).blockSizes(1, 4096, 1 << 21))) {
      NbdHandle handle = wired.handle;
      ByteBuffer large = ByteBuffer.allocateDirect((1 << 21) + 1);
      wired.checkedBy(
          StrictMode.PAYLOAD,
          Errno.ERANGE,
          "nbd_pwrite: request too large: maximum request size is 2097152",
          () -> handle.pwrite(large.clear(), 0));
      assertEquals((1 << 21) + 1, wired.sent().payload().size());
      handle.pread(large.clear(), 0);
      wired.sent();
    }
    try (Wired wired = new Wired(Export.of(1L << 40))) {
      NbdHandle handle = wired.handle;
      ByteBuffer large = ByteBuffer.allocateDirect((64 << 20) + 1);
      fails(
          Errno.ERANGE,
          "nbd_pwrite: request too large: maximum request size is 33554432",
          () -> handle.pwrite(large, 0));
      handle.setStrictMode(0);
      fails(
          Errno.ERANGE,
          "nbd_pwrite: request too large: maximum request size is 67108864",
          () -> handle.pwrite(large, 0));
      fails(
          Errno.ERANGE,
          "nbd_pread: request too large: maximum request size is 67108864",
          () -> handle.pread(large, 0));
      fails(
          Errno.ERANGE,
          "nbd_aio_trim: request too large: maximum request size is 4294967295",
          () -> handle.aioTrim(1L << 32, 0));
      assertEquals(0, wired.requests.size());
      handle.trim((1L << 32) - 1, 0);
      assertEquals((1L << 32) - 1, wired.sent().length());
    }
    try (Wired wired = new Wired(Export.of(1L << 40).extended())) {
      wired.handle.trim(1L << 35, 0);
      assertEquals(1L << 35, wired.sent().length());
    }
  }

  @Test
  void theOrderIsThatOfLibnbd() throws Throwable {
    int flags = Export.HAS_FLAGS | Export.READ_ONLY;
    Export export = Export.of(SIZE).flags(flags).blockSizes(512, 4096, 0xffff_ffffL);
    try (Wired wired = new Wired(export)) {
      NbdHandle handle = wired.handle;
      Executable wrong = () -> handle.pwrite(bytes(0), SIZE + 1, new CommandFlags(0x40));
      fails(Errno.EINVAL, "nbd_pwrite: flags: invalid value for flag: 0x40", wrong);
      int mode = StrictMode.MASK & ~StrictMode.FLAGS;
      handle.setStrictMode(mode);
      fails(Errno.EPERM, "nbd_pwrite: server does not support write operations", wrong);
      mode &= ~StrictMode.COMMANDS;
      handle.setStrictMode(mode);
      fails(Errno.EINVAL, "nbd_pwrite: count cannot be 0", wrong);
      mode &= ~StrictMode.ZERO_SIZE;
      handle.setStrictMode(mode);
      fails(Errno.ENOSPC, "nbd_pwrite: request out of bounds", wrong);
      mode &= ~StrictMode.BOUNDS;
      handle.setStrictMode(mode);
      fails(Errno.EINVAL, "nbd_pwrite: request is unaligned", wrong);
      mode &= ~StrictMode.ALIGN;
      handle.setStrictMode(mode);
      wrong.execute();
      assertEquals(0x40, wired.sent().flags());
      handle.aioDisconnect();
      handle.setStrictMode(StrictMode.MASK);
      fails(
          Errno.EINVAL,
          "nbd_pread: flags: invalid value for flag: 0x40",
          () -> handle.pread(bytes(0), 0, new CommandFlags(0x40)));
      fails(
          Errno.EPERM,
          "nbd_pwrite: server does not support write operations",
          () -> handle.pwrite(bytes(0), 0));
      fails(
          Errno.EINVAL,
          "nbd_pread: cannot request more commands after NBD_CMD_DISC",
          () -> handle.pread(bytes(0), SIZE + 1));
    }
  }

  @Test
  void thePayloadFlagIsSetAsTheHeadersNeedIt() throws Throwable {
    try (Wired wired = new Wired(Export.of(SIZE).extended())) {
      NbdHandle handle = wired.handle;
      handle.pwrite(bytes(4), 0);
      assertEquals(0x20, wired.sent().flags());
      handle.pwrite(bytes(4), 0, CommandFlags.PAYLOAD_LEN.and(CommandFlags.FUA));
      assertEquals(0x21, wired.sent().flags());
      handle.setStrictMode(StrictMode.MASK & ~StrictMode.AUTO_FLAG);
      fails(Errno.EINVAL, () -> handle.pwrite(bytes(4), 0));
      handle.pwrite(bytes(4), 0, CommandFlags.PAYLOAD_LEN);
      assertEquals(0x20, wired.sent().flags());
      handle.setStrictMode(0);
      handle.pwrite(bytes(4), 0);
      assertEquals(0, wired.sent().flags());
    }
    try (Wired wired = new Wired(Export.of(SIZE).structured())) {
      NbdHandle handle = wired.handle;
      handle.pwrite(bytes(4), 0, CommandFlags.PAYLOAD_LEN);
      assertEquals(0, wired.sent().flags());
      handle.setStrictMode(StrictMode.MASK & ~StrictMode.AUTO_FLAG);
      fails(Errno.EINVAL, () -> handle.pwrite(bytes(4), 0, CommandFlags.PAYLOAD_LEN));
      handle.setStrictMode(StrictMode.FLAGS);
      fails(
          Errno.EINVAL,
          "nbd_pread: flags: invalid value for flag: 0x20",
          () -> handle.pread(bytes(4), 0, CommandFlags.PAYLOAD_LEN));
    }
  }

  @Test
  void blockStatusNeedsAContext() throws IOException {
    try (Wired wired = new Wired(Export.of(SIZE).structured())) {
      NbdHandle handle = wired.handle;
      NbdException none =
          fails(
              Errno.ENOTSUP, () -> handle.blockStatus(1, 0, (name, offset, entries, error) -> {}));
      assertTrue(none.text().contains("metadata context"), none.text());
      handle.setStrictMode(StrictMode.MASK & ~StrictMode.COMMANDS);
      handle.blockStatus(1, 0, (name, offset, entries, error) -> {});
      assertEquals(BLOCK_STATUS, wired.sent().type());
    }
  }

  @Test
  void aFilterNeedsExtendedHeadersAndTheServersSupport() throws IOException {
    String[] contexts = {"base:allocation", "x:y"};
    try (Wired wired = new Wired(Export.of(SIZE).structured().contexts(contexts), contexts)) {
      fails(Errno.ENOTSUP, () -> filter(wired.handle, "x:y"));
    }
    Export without = Export.of(SIZE).extended().contexts(contexts);
    without.flags(Export.ALL & ~Export.STATUS_PAYLOAD);
    try (Wired wired = new Wired(without, contexts)) {
      fails(Errno.EINVAL, () -> filter(wired.handle, "x:y"));
      assertEquals(0, wired.requests.size());
    }
    try (Wired wired = new Wired(Export.of(SIZE).extended().contexts(contexts), contexts)) {
      fails(Errno.EINVAL, () -> filter(wired.handle, "p:q"));
      assertEquals(0, wired.requests.size());
      filter(wired.handle, "x:y");
      Request request = wired.sent();
      assertEquals(0x20, request.flags());
      assertEquals(BLOCK_STATUS, request.type());
      assertEquals(12, request.length());
      assertEquals("0000000000001000" + "00000002", request.payload().toString());
    }
  }

  private static void filter(NbdHandle handle, String context) throws NbdException {
    handle.blockStatusFilter(4096, 0, List.of(context), (name, offset, extents, error) -> {});
  }

  @Test
  void theModeIsAMask() throws IOException {
    try (NbdHandle handle = new NbdHandle()) {
      assertEquals(0x7f, handle.getStrictMode());
      handle.setStrictMode(0x55);
      assertEquals(0x55, handle.getStrictMode());
      fails(
          Errno.EINVAL,
          "nbd_set_strict_mode: flags: invalid value for flag: 0x80",
          () -> handle.setStrictMode(0x80));
      assertEquals(0x55, handle.getStrictMode());
    }
  }
}
