package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.Errno;
import io.nbd4j.model.HandshakeFlag;
import io.nbd4j.model.TlsMode;
import io.nbd4j.script.Export;
import io.nbd4j.script.Messages;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a handle holds before it is connected, and what it does not take. */
final class SettingsTest {

  private final NbdHandle handle = new NbdHandle();

  @AfterEach
  void close() {
    handle.close();
  }

  @Test
  void theDefaultsAreThoseOfLibnbd() throws IOException {
    assertEquals("", handle.getExportName());
    assertEquals(TlsMode.DISABLE, handle.getTls());
    assertTrue(handle.getRequestStructuredReplies());
    assertTrue(handle.getRequestExtendedHeaders());
    assertTrue(handle.getRequestMetaContext());
    assertTrue(handle.getRequestBlockSize());
    assertFalse(handle.getFullInfo());
    assertFalse(handle.getOptMode());
    assertTrue(handle.getPreadInitialize());
    assertEquals(HandshakeFlag.MASK, handle.getHandshakeFlags());
    assertEquals(0x7f, handle.getStrictMode());
    assertEquals("", handle.getSocketActivationName());
    assertEquals(0, handle.getNrMetaContexts());
    assertNull(handle.getPrivateData());
    assertEquals(0, handle.statsBytesSent());
    assertEquals(0, handle.statsBytesReceived());
    assertEquals(0, handle.statsChunksSent());
    assertEquals(0, handle.statsChunksReceived());
    assertTrue(handle.aioIsCreated());
    assertEquals("libnbd", NbdHandle.getPackageName());
    assertTrue(NbdHandle.getVersion().matches("1\\.\\d+\\.\\d+"), NbdHandle.getVersion());
    assertTrue(NbdHandle.supportsUri());
  }

  @Test
  void everySettingKeepsWhatItIsGiven() throws IOException {
    handle.setExportName("ä/b");
    handle.setRequestStructuredReplies(false);
    handle.setRequestExtendedHeaders(false);
    handle.setRequestMetaContext(false);
    handle.setRequestBlockSize(false);
    handle.setFullInfo(true);
    handle.setOptMode(true);
    handle.setHandshakeFlags(HandshakeFlag.NO_ZEROES);
    handle.setSocketActivationName("Disk0");
    assertEquals("ä/b", handle.getExportName());
    assertFalse(handle.getRequestStructuredReplies());
    assertFalse(handle.getRequestExtendedHeaders());
    assertFalse(handle.getRequestMetaContext());
    assertFalse(handle.getRequestBlockSize());
    assertTrue(handle.getFullInfo());
    assertTrue(handle.getOptMode());
    assertEquals(2, handle.getHandshakeFlags());
    assertEquals("Disk0", handle.getSocketActivationName());
  }

  @Test
  void everyHandleHasANameOfItsOwn() throws IOException {
    try (NbdHandle other = new NbdHandle()) {
      assertTrue(handle.getHandleName().matches("nbd\\d+"), handle.getHandleName());
      assertNotEquals(handle.getHandleName(), other.getHandleName());
      handle.setHandleName("mine");
      assertEquals("mine", handle.getHandleName());
    }
  }

  @Test
  void privateDataIsExchanged() {
    Object first = new Object();
    assertNull(handle.setPrivateData(first));
    assertSame(first, handle.getPrivateData());
    assertSame(first, handle.setPrivateData("second"));
    assertEquals("second", handle.setPrivateData(null));
    assertNull(handle.getPrivateData());
  }

  @Test
  void metaContextsAreAListOfWishes() throws IOException {
    handle.addMetaContext("base:allocation");
    handle.addMetaContext("x:y");
    handle.addMetaContext("x:y");
    assertEquals(3, handle.getNrMetaContexts());
    assertEquals("base:allocation", handle.getMetaContext(0));
    assertEquals("x:y", handle.getMetaContext(2));
    String outOfRange = "nbd_get_meta_context: meta context request out of range";
    fails(Errno.EINVAL, outOfRange, () -> handle.getMetaContext(3));
    fails(Errno.EINVAL, outOfRange, () -> handle.getMetaContext(-1));
    handle.clearMetaContexts();
    assertEquals(0, handle.getNrMetaContexts());
    fails(Errno.EINVAL, outOfRange, () -> handle.getMetaContext(0));
  }

  @Test
  void stringsHaveTheProtocolsLimit() throws IOException {
    String longest = "é".repeat(2048);
    handle.setExportName(longest);
    assertEquals(longest, handle.getExportName());
    handle.addMetaContext(longest);
    fails(
        Errno.ENAMETOOLONG,
        "nbd_set_export_name: export name too long for NBD protocol",
        () -> handle.setExportName(longest + "x"));
    fails(
        Errno.ENAMETOOLONG,
        "nbd_add_meta_context: meta context name too long for NBD protocol",
        () -> handle.addMetaContext("x".repeat(4097)));
    assertEquals(longest, handle.getExportName());
    assertEquals(1, handle.getNrMetaContexts());
  }

  @Test
  void masksAndNamesAreChecked() {
    fails(
        Errno.EINVAL,
        "nbd_set_handshake_flags: flags: invalid value for flag: 0x4",
        () -> handle.setHandshakeFlags(4));
    fails(
        Errno.EINVAL,
        "nbd_set_uri_allow_transports: mask: invalid value for flag: 0x10",
        () -> handle.setUriAllowTransports(0x10));
    fails(Errno.ENAMETOOLONG, () -> handle.setSocketActivationName("x".repeat(33)));
    fails(Errno.EINVAL, () -> handle.setSocketActivationName("a-b"));
    fails(Errno.EINVAL, () -> handle.setSocketActivationName("é"));
  }

  @Test
  void nullIsABadAddress() {
    fails(
        Errno.EFAULT,
        "nbd_set_export_name: export_name cannot be NULL",
        () -> handle.setExportName(null));
    fails(
        Errno.EFAULT,
        "nbd_connect_unix: unixsocket cannot be NULL",
        () -> handle.connectUnix(null));
    fails(
        Errno.EFAULT,
        "nbd_set_debug_callback: debug cannot be NULL",
        () -> handle.setDebugCallback(null));
    fails(Errno.EFAULT, "nbd_pread: buf cannot be NULL", () -> handle.pread(null, 0));
  }

  @Test
  void thereIsNoSubprocess() {
    fails(Errno.ESRCH, "nbd_kill_subprocess: no subprocess exists", () -> handle.killSubprocess(0));
    fails(
        Errno.EINVAL,
        "nbd_kill_subprocess: invalid signal number: -1",
        () -> handle.killSubprocess(-1));
    fails(Errno.ESRCH, "nbd_get_subprocess_pid: no subprocess exists", handle::getSubprocessPid);
  }

  @Test
  void aCommandNeedsAName() {
    fails(
        Errno.EINVAL,
        "nbd_connect_command: missing command name in argv list",
        () -> handle.connectCommand(List.of()));
    fails(
        Errno.EINVAL,
        "nbd_connect_systemd_socket_activation: missing command name in argv list",
        () -> handle.connectSystemdSocketActivation(List.of()));
    assertTrue(handle.aioIsCreated());
  }

  @Test
  void theGraceForSubprocessesIsATime() {
    handle.setSubprocessGrace(Duration.ofMillis(1));
    assertEquals(Duration.ofMillis(1), handle.getSubprocessGrace());
    assertThrows(
        IllegalArgumentException.class, () -> handle.setSubprocessGrace(Duration.ofNanos(-1)));
  }

  @Test
  void theHandshakeFlagsAreThoseInUseOnceConnected() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(Export.of(1))) {
      handle.setHandshakeFlags(1);
      handle.connectUnix(server.socket());
      assertEquals(1, handle.getHandshakeFlags());
    }
    try (NbdHandle old = new NbdHandle();
        ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.send(Messages.oldstyle(512, 1));
              peer.serve();
            })) {
      old.connectUnix(server.socket());
      assertEquals(0, old.getHandshakeFlags());
      assertEquals("oldstyle", old.getProtocol());
      assertEquals(512, old.getSize());
      old.shutdown();
    }
  }
}
