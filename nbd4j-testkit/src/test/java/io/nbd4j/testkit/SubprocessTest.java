package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers that are children of this process, good ones and bad ones. */
class SubprocessTest {

  private static final List<String> NBDKIT =
      List.of("nbdkit", "--exit-with-parent", "-s", "memory", "1M");

  /** A grace that shows whether something waits for a child that never ends by itself. */
  private static final Duration SHORT = Duration.ofMillis(100);

  private static final int SIGKILL = 9;
  private static final long SIGPIPE_BIT = 1L << 12;

  @TempDir private Path directory;
  private Footprint before;

  @BeforeEach
  void lookBefore() throws IOException {
    before = Footprint.now();
  }

  /** Descriptors are counted elsewhere, after a warm-up. */
  @AfterEach
  void nothingIsLeft() throws Exception {
    Deadline.await(
        "no child is left",
        () -> before.children().keySet().containsAll(Footprint.now().children().keySet()));
  }

  private static List<String> shell(String script) {
    return List.of("sh", "-c", script);
  }

  /** A shell script that ends as an NBD server. */
  private static List<String> shellThenNbdkit(String script) {
    return List.of(
        "sh", "-c", script + "\nexec nbdkit --exit-with-parent \"$@\" memory 1M", "sh", "-s");
  }

  private static NbdException refusal(NbdHandle handle, List<String> argv) {
    return assertThrows(NbdException.class, () -> handle.connectCommand(argv));
  }

  private static void assertUsable(NbdHandle handle) throws IOException {
    assertTrue(handle.aioIsReady(), handle::connectionState);
    ByteBuffer buffer = ByteBuffer.allocate(512);
    handle.pread(buffer, 0);
    assertEquals(512, buffer.position());
  }

  private static void assertGone(long pid) {
    assertEquals(Optional.empty(), ProcessHandle.of(pid));
  }

  @Test
  void emptyCommandIsRefusedAndTheHandleAsNew() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      for (NbdException refused :
          List.of(
              refusal(handle, List.of()),
              assertThrows(NbdException.class, () -> handle.aioConnectCommand(List.of())),
              assertThrows(
                  NbdException.class, () -> handle.connectSystemdSocketActivation(List.of())))) {
        assertEquals(Errno.EINVAL, refused.errno());
        assertEquals(NbdException.Kind.USAGE, refused.kind());
        assertTrue(refused.text().contains("missing command name"), refused::text);
      }
      assertTrue(handle.aioIsCreated(), handle::connectionState);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "nosuchprogram-nbd4j," + Errno.ENOENT,
    "/nosuchdirectory/nbdkit," + Errno.ENOENT,
    "/etc/passwd," + Errno.EACCES
  })
  void programThatCannotBeRunIsTheSystemsError(String program, int errno) throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      NbdException missing = refusal(handle, List.of(program));
      assertEquals(errno, missing.errno());
      assertTrue(missing.text().contains(program), missing::text);
      assertTrue(handle.aioIsDead(), handle::connectionState);
    }
    try (NbdHandle handle = new NbdHandle()) {
      NbdException missing =
          assertThrows(
              NbdException.class, () -> handle.connectSystemdSocketActivation(List.of(program)));
      assertEquals(errno, missing.errno());
      assertTrue(handle.aioIsDead(), handle::connectionState);
    }
  }

  @Test
  void rubbishIsAProtocolError() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      NbdException rubbish = refusal(handle, shell("echo Hello, this is no NBD server at all."));
      assertEquals(NbdException.Kind.PROTOCOL, rubbish.kind());
      assertTrue(rubbish.text().contains("server did not send expected NBD magic"), rubbish::text);
      assertTrue(rubbish.endpoint().startsWith("command: sh -c echo Hello"), rubbish::endpoint);
      assertTrue(handle.aioIsDead(), handle::connectionState);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "exit 0,exit status 0",
    "exit 7,exit status 7",
    "echo hi; exit 3,exit status 3",
    "kill -9 $$,killed by signal 9"
  })
  void programThatEndsAtOnceIsNamedWithItsStatus(String script, String status) throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      NbdException ended = refusal(handle, shell(script));
      assertTrue(ended.text().contains("server disconnected unexpectedly"), ended::text);
      assertTrue(ended.getMessage().contains(status), ended::getMessage);
      assertTrue(handle.aioIsDead(), handle::connectionState);
    }
  }

  @Test
  void asynchronousConnectTellsTheStatusToo() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      NbdException ended =
          assertThrows(
              NbdException.class,
              () -> {
                handle.aioConnectCommand(shell("exit 7"));
                new EventLoop.Polling().until(handle, "the end", () -> !handle.aioIsConnecting());
              });
      assertTrue(ended.getMessage().contains("exit status 7"), ended::getMessage);
      assertTrue(handle.aioIsDead(), handle::connectionState);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "exec sleep 600",
        // Deaf to SIGTERM, which stays so across exec.
        "trap '' TERM; exec sleep 600"
      })
  void serverThatNeverAnswersDoesNotHoldTheCaller(String script) throws Exception {
    long pid;
    long start;
    try (NbdHandle handle = new NbdHandle()) {
      handle.setSubprocessGrace(SHORT);
      handle.aioConnectCommand(shell(script));
      pid = handle.getSubprocessPid();
      assertEquals(0, handle.poll(50));
      assertTrue(handle.aioIsConnecting(), handle::connectionState);
      assertTrue(ProcessHandle.of(pid).isPresent());
      start = System.nanoTime();
    }
    Duration closing = Duration.ofNanos(System.nanoTime() - start);
    assertGone(pid);
    assertTrue(closing.compareTo(SHORT) >= 0, () -> "it had no time to end by itself: " + closing);
    assertTrue(closing.compareTo(Duration.ofSeconds(20)) < 0, closing::toString);
  }

  @Test
  void activatedServerThatNeverAnswersDoesNotHoldTheCallerEither() throws Exception {
    long pid;
    try (NbdHandle handle = new NbdHandle()) {
      handle.setSubprocessGrace(SHORT);
      handle.aioConnectSystemdSocketActivation(shell("trap '' TERM; exec sleep 600"));
      pid = handle.getSubprocessPid();
      assertEquals(0, pollUntilQuiet(handle));
      assertTrue(handle.aioIsConnecting(), handle::connectionState);
    }
    assertGone(pid);
  }

  /** The connection to the listening socket is progress as well. */
  private static int pollUntilQuiet(NbdHandle handle) throws IOException {
    for (int i = 0; i < 3; i++) {
      if (handle.poll(50) == 0) {
        return 0;
      }
    }
    return 1;
  }

  @Test
  @RequiresPeer("nbdkit")
  void secondConnectIsRefused() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(NBDKIT);
      long pid = handle.getSubprocessPid();
      NbdException refused = refusal(handle, NBDKIT);
      assertEquals(Errno.EINVAL, refused.errno());
      assertTrue(
          refused.text().contains("invalid state: READY: the handle must be newly created"),
          refused::text);
      assertThrows(NbdException.class, () -> handle.connectUnix("/nosuch"));
      assertThrows(NbdException.class, () -> handle.connectSystemdSocketActivation(NBDKIT));
      assertEquals(pid, handle.getSubprocessPid());
      assertUsable(handle);
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void asynchronousConnectDoesNotWaitForTheServer() throws Exception {
    Path go = directory.resolve("go");
    try (NbdHandle handle = new NbdHandle()) {
      // The server cannot say a word before the caller has come back to let it.
      handle.aioConnectCommand(shellThenNbdkit("while [ ! -e '" + go + "' ]; do sleep 0.01; done"));
      assertTrue(handle.aioIsConnecting(), handle::connectionState);
      assertEquals(0, handle.poll(0));
      Files.createFile(go);
      new EventLoop.Polling().until(handle, "connection", () -> !handle.aioIsConnecting());
      assertUsable(handle);
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void asynchronousActivationDoesNotWaitForTheServer() throws Exception {
    Path go = directory.resolve("go");
    try (NbdHandle handle = new NbdHandle();
        EventLoop loop = new EventLoop.Selecting()) {
      handle.aioConnectSystemdSocketActivation(
          List.of(
              "sh",
              "-c",
              "while [ ! -e '" + go + "' ]; do sleep 0.01; done; exec nbdkit -f memory 1M"));
      assertTrue(handle.aioIsConnecting(), handle::connectionState);
      Files.createFile(go);
      loop.until(handle, "connection", () -> !handle.aioIsConnecting());
      assertUsable(handle);
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void childInheritsEnvironmentAndDirectory() throws Exception {
    Path record = directory.resolve("record");
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(
          shellThenNbdkit(
              """
              { env -0; } > '%1$s.env'
              cat /proc/$$/status > '%1$s.status'
              ls /proc/$$/fd > '%1$s.fd'
              readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 > '%1$s.targets'
              pwd > '%1$s.pwd'\
              """
                  .formatted(record)));
      assertUsable(handle);
      assertEquals(
          Path.of("").toAbsolutePath().toString(),
          Files.readString(Path.of(record + ".pwd")).strip());
      Map<String, String> environment = new HashMap<>();
      for (String line : Files.readString(Path.of(record + ".env")).split("\0", 0)) {
        String[] variable = line.split("=", 2);
        environment.put(variable[0], variable[1]);
      }
      Map<String, String> expected = new HashMap<>(System.getenv());
      // The shell has its own idea of these.
      for (String own : List.of("_", "PWD", "OLDPWD", "SHLVL")) {
        environment.remove(own);
        expected.remove(own);
      }
      assertEquals(expected, environment);
    }
  }

  @Test
  void childGetsOneSocketAsItsStandardInputAndOutputAndNothingElse() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.setSubprocessGrace(SHORT);
      handle.aioConnectCommand(List.of("sleep", "600"));
      Path child = Path.of("/proc", Long.toString(handle.getSubprocessPid()));
      Map<Integer, String> descriptors = descriptors(child);
      assertEquals(Set.of(0, 1, 2), descriptors.keySet());
      assertTrue(descriptors.get(0).startsWith("socket:"), descriptors::toString);
      assertEquals(descriptors.get(0), descriptors.get(1));
      assertEquals(ownDescriptor(2), descriptors.get(2));
      assertSignalsAreOrdinary(child);
    }
  }

  @Test
  void activatedChildGetsTheListeningSocketAndNothingElse() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.setSubprocessGrace(SHORT);
      handle.aioConnectSystemdSocketActivation(List.of("sleep", "600"));
      Path child = Path.of("/proc", Long.toString(handle.getSubprocessPid()));
      // A shell sets LISTEN_PID before it becomes the program.
      Deadline.await(
          "the program runs", () -> Files.readString(child.resolve("comm")).startsWith("sleep"));
      Map<Integer, String> descriptors = descriptors(child);
      assertEquals(Set.of(0, 1, 2, 3), descriptors.keySet());
      for (int descriptor = 0; descriptor < 3; descriptor++) {
        assertEquals(ownDescriptor(descriptor), descriptors.get(descriptor));
      }
      assertTrue(descriptors.get(3).startsWith("socket:"), descriptors::toString);
      assertSignalsAreOrdinary(child);
    }
  }

  private static String ownDescriptor(int number) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/fd/" + number)).toString();
  }

  private static Map<Integer, String> descriptors(Path process) throws IOException {
    Map<Integer, String> found = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path entry : entries) {
        found.put(
            Integer.valueOf(entry.getFileName().toString()),
            Files.readSymbolicLink(entry).toString());
      }
    }
    return found;
  }

  private static void assertSignalsAreOrdinary(Path process) throws IOException {
    Map<String, String> fields =
        Files.readAllLines(process.resolve("status")).stream()
            .map(line -> line.split(":\\s*", 2))
            .collect(Collectors.toMap(field -> field[0], field -> field[1]));
    assertEquals(
        0, Long.parseUnsignedLong(fields.get("SigIgn"), 16) & SIGPIPE_BIT, "SIGPIPE is ignored");
    assertEquals(0, Long.parseUnsignedLong(fields.get("SigBlk"), 16), "signals are blocked");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "name7"})
  @RequiresPeer("nbdkit")
  void activationFollowsTheProtocol(String name) throws Exception {
    Path record = directory.resolve("record");
    try (NbdHandle handle = new NbdHandle()) {
      handle.setSocketActivationName(name);
      handle.connectSystemdSocketActivation(
          List.of(
              "sh",
              "-c",
              """
              echo "$$" "$LISTEN_PID" "$LISTEN_FDS" "$LISTEN_FDNAMES" > '%s'
              exec nbdkit -f memory 1M\
              """
                  .formatted(record)));
      assertUsable(handle);
      String pid = Long.toString(handle.getSubprocessPid());
      assertEquals(
          pid + " " + pid + " 1 " + (name.isEmpty() ? "unknown" : name),
          Files.readString(record).strip());
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void activationDirectoryIsPrivateAndGoesWithTheHandle() throws Exception {
    Path socket;
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectSystemdSocketActivation(List.of("nbdkit", "-f", "memory", "1M"));
      String uri = handle.getUri();
      socket = Path.of(uri.substring(uri.indexOf("?socket=") + "?socket=".length()));
      assertTrue(Files.exists(socket), socket::toString);
      assertEquals(
          "rwx------",
          java.nio.file.attribute.PosixFilePermissions.toString(
              Files.getPosixFilePermissions(socket.getParent())));
      // Others may connect as well, as long as it is there.
      try (NbdHandle second = new NbdHandle()) {
        second.connectUri(uri);
        assertUsable(second);
      }
    }
    assertFalse(Files.exists(socket.getParent()), socket::toString);
  }

  @Test
  @RequiresPeer("nbdkit")
  void programIsSearchedInThePath() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(NBDKIT);
      ProcessHandle child = ProcessHandle.of(handle.getSubprocessPid()).orElseThrow();
      String command = child.info().command().orElseThrow();
      Set<String> candidates =
          Arrays.stream(System.getenv("PATH").split(":", -1))
              .map(entry -> Path.of(entry, "nbdkit"))
              .filter(Files::isExecutable)
              .map(SubprocessTest::real)
              .collect(Collectors.toCollection(HashSet::new));
      assertTrue(candidates.contains(command), () -> command + " is not among " + candidates);
    }
  }

  private static String real(Path path) {
    try {
      return path.toRealPath().toString();
    } catch (IOException e) {
      return path.toString();
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void subprocessCanBeNamedAndKilled() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      for (NbdException none :
          List.of(
              assertThrows(NbdException.class, handle::getSubprocessPid),
              assertThrows(NbdException.class, () -> handle.killSubprocess(0)))) {
        assertEquals(Errno.ESRCH, none.errno());
        assertTrue(none.text().contains("no subprocess exists"), none::text);
      }
      handle.connectCommand(NBDKIT);
      long pid = handle.getSubprocessPid();
      assertEquals(
          Optional.of(ProcessHandle.current()),
          ProcessHandle.of(pid).flatMap(ProcessHandle::parent));
      assertThrows(NbdException.class, () -> handle.killSubprocess(-1));
      handle.killSubprocess(SIGKILL);
      NbdException ended =
          assertThrows(
              NbdException.class,
              () -> {
                while (true) {
                  handle.pread(ByteBuffer.allocate(512), 0);
                }
              });
      assertEquals(NbdException.Kind.TRANSPORT, ended.kind(), ended::getMessage);
      assertTrue(ended.getMessage().contains("killed by signal 9"), ended::getMessage);
      assertTrue(handle.aioIsDead() || handle.aioIsClosed(), handle::connectionState);
    }
  }

  @Test
  void signalZeroIsSigterm() throws Exception {
    Path told = directory.resolve("told");
    try (NbdHandle handle = new NbdHandle()) {
      handle.aioConnectCommand(
          shell(
              "trap 'echo > \""
                  + told
                  + "\"; exit 0' TERM; echo > '"
                  + told
                  + ".ready'; while :; do sleep 0.01; done"));
      Deadline.await("the trap is set", () -> Files.exists(Path.of(told + ".ready")));
      handle.killSubprocess(0);
      Deadline.await("the child was told", () -> Files.exists(told));
    }
  }

  @Test
  @RequiresPeer("nbdkit")
  void serverThatEndsWithItsParentOutlivesTheThreadThatConnected() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      Thread connecting =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  handle.connectCommand(NBDKIT);
                } catch (NbdException e) {
                  // What follows will show it.
                }
              });
      Deadline.join(connecting);
      for (int i = 0; i < 100; i++) {
        assertUsable(handle);
      }
    }
  }

  @Test
  void closeWhileTheServerIsStillSilentIsTheEndOfTheConnectingCall() throws Exception {
    NbdHandle handle = new NbdHandle();
    handle.setSubprocessGrace(SHORT);
    NbdException[] outcome = new NbdException[1];
    Thread connecting =
        Thread.ofVirtual()
            .start(() -> {
              try {
                handle.connectCommand(shell("exec sleep 600"));
              } catch (NbdException e) {
                outcome[0] = e;
              }
            });
    Deadline.await("the child is there", () -> handle.aioIsConnecting() && hasChild(handle));
    handle.close();
    Deadline.join(connecting);
    assertTrue(outcome[0] != null, "the call has returned as if it were connected");
    assertTrue(handle.aioIsClosed() || handle.aioIsDead(), handle::connectionState);
  }

  private static boolean hasChild(NbdHandle handle) {
    try {
      return handle.getSubprocessPid() > 0;
    } catch (NbdException e) {
      return false;
    }
  }

  @Test
  void closingAnUnusedHandleIsNothing() {
    NbdHandle handle = new NbdHandle();
    handle.close();
    handle.close();
    assertTrue(handle.aioIsClosed(), handle::connectionState);
  }
}
