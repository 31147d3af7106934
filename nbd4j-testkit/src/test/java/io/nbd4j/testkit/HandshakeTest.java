package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.BlockSize;
import io.nbd4j.model.Errno;
import io.nbd4j.model.HandshakeFlag;
import io.nbd4j.model.NbdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ways in which a client and a server may come to terms. */
class HandshakeTest {

  private static final int SIZE = 1 << 20;
  private static final long SEED = 4711;

  /** The zeroes that a server sends after the export's size unless both sides agree not to. */
  private static final int PADDING = 124;

  private static List<String> nbdkit(String... options) {
    List<String> argv = new ArrayList<>(List.of("nbdkit", "--exit-with-parent", "-s"));
    argv.addAll(List.of(options));
    argv.addAll(List.of("memory", Integer.toString(SIZE)));
    return argv;
  }

  private static void workOut(NbdHandle handle) throws IOException {
    new Workout(new Disk.Blocking(handle), new Model(SIZE, SEED), "seed " + SEED).run();
  }

  @Test
  @RequiresPeer("nbdkit")
  void oldstyle() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(nbdkit("--oldstyle"));
      assertEquals("oldstyle", handle.getProtocol());
      assertFalse(handle.getStructuredRepliesNegotiated());
      // nbdkit offers more there, and then refuses it.
      new Workout(
              new Disk.Blocking(handle),
              new Model(SIZE, SEED),
              "seed " + SEED,
              EnumSet.noneOf(Peer.Feature.class))
          .run();
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void oldstyleLeavesNothingToNegotiate() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.setOptMode(true);
      handle.connectCommand(nbdkit("--oldstyle"));
      assertTrue(handle.aioIsReady(), handle::connectionState);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  @RequiresPeer("nbdkit")
  void clientAndServerAgreeToFewerFlags(int flags) throws Exception {
    List<Long> received = new ArrayList<>();
    for (boolean byServer : new boolean[] {true, false}) {
      try (NbdHandle handle = new NbdHandle()) {
        if (byServer) {
          handle.connectCommand(nbdkit("--mask-handshake=" + flags));
        } else {
          handle.setHandshakeFlags(flags);
          handle.connectCommand(nbdkit());
        }
        boolean fixed = (flags & HandshakeFlag.FIXED_NEWSTYLE) != 0;
        assertEquals(fixed ? "newstyle-fixed" : "newstyle", handle.getProtocol());
        assertEquals(fixed, handle.getStructuredRepliesNegotiated());
        received.add(handle.statsBytesReceived());
        if (!fixed) {
          int padding = (flags & HandshakeFlag.NO_ZEROES) != 0 ? 0 : PADDING;
          // Magic numbers and flags, then the size and flags of the export.
          assertEquals(8 + 8 + 2 + 8 + 2 + padding, handle.statsBytesReceived());
        }
        workOut(handle);
      }
    }
    assertEquals(received.getFirst(), received.getLast());
  }

  @ParameterizedTest
  @CsvSource({"true,28", "false,152"})
  @RequiresPeer("nbd-server")
  void anotherServerAgreesToFewerFlags(boolean noZeroes, long received) throws Exception {
    Peer.NBD_SERVER.require();
    try (PeerServer server = Peer.NBD_SERVER.serve(Way.COMMAND, SIZE);
        NbdHandle handle =
            server.connect(
                made -> made.setHandshakeFlags(noZeroes ? HandshakeFlag.NO_ZEROES : 0))) {
      assertEquals("newstyle", handle.getProtocol());
      assertEquals(received, handle.statsBytesReceived());
      workOut(handle);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void fallsBackToTheNameOfTheExport(boolean noZeroes) throws Exception {
    try (OldOptionsServer server = new OldOptionsServer();
        NbdHandle handle = new NbdHandle()) {
      handle.setHandshakeFlags(
          HandshakeFlag.FIXED_NEWSTYLE | (noZeroes ? HandshakeFlag.NO_ZEROES : 0));
      handle.connectTcp("localhost", server.port());
      assertEquals("newstyle-fixed", handle.getProtocol());
      assertFalse(handle.getStructuredRepliesNegotiated());
      assertEquals(OldOptionsServer.SIZE, handle.getSize());
      assertEquals(1, server.options().getLast(), "NBD_OPT_EXPORT_NAME");
      assertTrue(server.options().contains(7), "NBD_OPT_GO was tried");
      ByteBuffer buffer = ByteBuffer.allocate(1000);
      handle.pread(buffer, 0);
      assertEquals(OldOptionsServer.CONTENT, buffer.get(999));
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void serverMayRefuseStructuredReplies() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(nbdkit("--no-sr"));
      assertEquals("newstyle-fixed", handle.getProtocol());
      assertFalse(handle.getStructuredRepliesNegotiated());
      workOut(handle);
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void blockSizesAreAskedFor() throws Exception {
    List<String> argv =
        List.of(
            "nbdkit",
            "--exit-with-parent",
            "-s",
            "--filter=blocksize-policy",
            "memory",
            Integer.toString(SIZE),
            "blocksize-minimum=512",
            "blocksize-preferred=8k",
            "blocksize-maximum=1M",
            "blocksize-error-policy=error");
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(argv);
      assertEquals(512, handle.getBlockSize(BlockSize.MINIMUM));
      assertEquals(8192, handle.getBlockSize(BlockSize.PREFERRED));
      assertEquals(1 << 20, handle.getBlockSize(BlockSize.MAXIMUM));
      NbdException unaligned =
          assertThrows(NbdException.class, () -> handle.pread(ByteBuffer.allocate(100), 0));
      assertEquals(Errno.EINVAL, unaligned.errno());
      assertEquals(NbdException.Kind.USAGE, unaligned.kind());
      workOut(handle);
    }
    try (NbdHandle handle = new NbdHandle()) {
      handle.setRequestBlockSize(false);
      handle.connectCommand(argv);
      assertEquals(0, handle.getBlockSize(BlockSize.MINIMUM));
      assertEquals(0, handle.getBlockSize(BlockSize.PREFERRED));
      assertEquals(0, handle.getBlockSize(BlockSize.MAXIMUM));
      assertEquals(32 << 20, handle.getBlockSize(BlockSize.PAYLOAD));
    }
  }

  @Test
  @RequiresPeer("nbd-server")
  void refusedExportIsAnErrorWithTheServersText() throws Exception {
    try (PeerServer server = Peer.NBD_SERVER.serve(Way.COMMAND, SIZE);
        NbdHandle handle = new NbdHandle()) {
      handle.setExportName("nosuch");
      NbdException refused =
          assertThrows(NbdException.class, () -> handle.connectCommand(server.route().argv()));
      assertEquals(Errno.ENOENT, refused.errno());
      assertEquals(NbdException.Kind.SERVER, refused.kind());
      assertTrue(
          refused.text().contains("no export named 'nosuch': Export unknown"), refused::text);
      assertTrue(handle.aioIsDead(), handle::connectionState);
    }
  }

  @Test
  @RequiresPeer("qemu-nbd")
  void anotherNameMayBeTriedAfterARefusal() throws Exception {
    try (PeerServer server = Peer.QEMU_NBD_RAW.serve(Way.UNIX, SIZE);
        NbdHandle handle = server.connect(made -> made.setOptMode(true))) {
      assertTrue(handle.aioIsNegotiating(), handle::connectionState);
      handle.setExportName("nosuch");
      NbdException refused = assertThrows(NbdException.class, handle::optGo);
      assertEquals(Errno.ENOENT, refused.errno());
      assertTrue(handle.aioIsNegotiating(), handle::connectionState);
      List<String> names = new ArrayList<>();
      assertEquals(1, handle.optList((name, description) -> names.add(name)));
      assertEquals(List.of(""), names);
      handle.setExportName("");
      handle.optInfo();
      assertEquals(SIZE, handle.getSize());
      handle.optGo();
      workOut(handle);
    }
  }

  @Test
  @RequiresPeer("qemu-nbd")
  void failedCommandHasTheServersText() throws Exception {
    try (PrivateDirectory directory = PrivateDirectory.create();
        NbdHandle handle = new NbdHandle()) {
      java.nio.file.Path image = java.nio.file.Files.write(directory.file("image"), new byte[SIZE]);
      handle.setStrictMode(0);
      handle.connectSystemdSocketActivation(
          List.of("qemu-nbd", "-t", "-r", "-f", "raw", image.toString()));
      assertTrue(handle.isReadOnly());
      ByteBuffer buffer = ByteBuffer.allocate(512);
      NbdException refused = assertThrows(NbdException.class, () -> handle.pwrite(buffer, 0));
      assertEquals(Errno.EINVAL, refused.errno());
      assertEquals(NbdException.Kind.SERVER, refused.kind());
      assertEquals("Export is read-only", refused.serverText());
      assertEquals(0, buffer.position(), "a failed write leaves the buffer as it was");
      NbdException beyond =
          assertThrows(NbdException.class, () -> handle.pread(ByteBuffer.allocate(512), SIZE));
      assertEquals(Errno.EINVAL, beyond.errno());
      handle.pread(buffer, 0);
      assertEquals(512, buffer.position());
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void failedCommandWithoutTextHasItsErrorNumber() throws Exception {
    for (boolean structured : new boolean[] {true, false}) {
      try (NbdHandle handle = new NbdHandle()) {
        handle.setRequestStructuredReplies(structured);
        handle.connectCommand(
            List.of(
                "nbdkit",
                "--exit-with-parent",
                "-s",
                "--filter=error",
                "memory",
                "1M",
                "error-pread=ENOSPC",
                "error-pread-rate=1"));
        ByteBuffer buffer = ByteBuffer.allocate(512).position(12).limit(500);
        NbdException refused = assertThrows(NbdException.class, () -> handle.pread(buffer, 0));
        assertEquals(Errno.ENOSPC, refused.errno());
        assertNull(refused.serverText());
        assertEquals(12, buffer.position());
        assertEquals(500, buffer.limit());
        handle.pwrite(buffer, 0);
        assertEquals(500, buffer.position());
      }
    }
  }
}
