package io.nbd4j.net.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.net.posix.PosixException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpawnerCommandTest {

  @TempDir Path directory;

  private static String shell(String script) throws IOException {
    return RunningCommand.output(List.of("sh", "-c", script));
  }

  @Test
  void socketCarriesBytesBothWays() throws IOException {
    long seed = 20260101;
    byte[] sent = new byte[3_000_000];
    new SplittableRandom(seed).nextBytes(sent);
    try (RunningCommand cat = RunningCommand.start(List.of("cat"))) {
      CompletableFuture<Void> writer =
          CompletableFuture.runAsync(() -> {
            try {
              ByteBuffer buffer = ByteBuffer.wrap(sent);
              while (buffer.hasRemaining()) {
                cat.channel().write(buffer);
              }
              cat.channel().shutdownOutput();
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      byte[] received = Channels.newInputStream(cat.channel()).readAllBytes();
      writer.join();
      assertEquals(ByteBuffer.wrap(sent), ByteBuffer.wrap(received), "seed " + seed);
      assertEquals(new ExitStatus(0, 0), Children.await(cat.process()));
    }
  }

  @Test
  void channelBlocksAndHasLargeSendBuffer() throws IOException {
    int limit = Integer.parseInt(Files.readString(Path.of("/proc/sys/net/core/wmem_max")).strip());
    try (RunningCommand cat = RunningCommand.start(List.of("cat"))) {
      assertTrue(cat.channel().isBlocking());
      int granted = cat.channel().getOption(StandardSocketOptions.SO_SNDBUF);
      assertTrue(granted >= Math.min(limit, 2 << 20), "granted " + granted);
    }
  }

  @Test
  void argumentsArriveUnchanged() throws IOException {
    List<String> arguments =
        List.of(
            "",
            "two words",
            "it's",
            "\"quoted\"",
            "new\nline",
            "tab\t",
            "$HOME `x` \\ * ?",
            "grüße 日本 \uD83D\uDE00",
            "-n",
            "");
    String written =
        RunningCommand.output(
            Stream.concat(
                    Stream.of("sh", "-c", "printf '%s\\001' \"$@\"", "sh"), arguments.stream())
                .toList());
    assertEquals(arguments.stream().collect(Collectors.joining("\1", "", "\1")), written);
  }

  @Test
  void childHasOnlyItsStandardDescriptors() throws IOException {
    SortedMap<Integer, String> ours = Children.ourDescriptors();
    assertTrue(ours.size() > 4, "there are others to hide");
    try (RunningCommand cat = RunningCommand.start(List.of("cat"))) {
      SortedMap<Integer, String> theirs =
          Children.settledDescriptors(cat.process().pid(), Set.of(0, 1, 2));
      String socket = theirs.getOrDefault(0, "");
      assertTrue(socket.startsWith("socket:"), socket);
      assertEquals(Map.of(0, socket, 1, socket, 2, ours.getOrDefault(2, "")), theirs);
    }
  }

  @Test
  void childStartsWithDefaultSigpipeAndNothingBlocked() throws IOException {
    String status =
        RunningCommand.output(List.of("grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"));
    long ignored = mask(status, "SigIgn:");
    long blocked = mask(status, "SigBlk:");
    assertEquals(0, ignored & (1L << (13 - 1)), status);
    assertEquals(0, blocked, status);
  }

  private static long mask(String status, String name) {
    return status
        .lines()
        .filter(line -> line.startsWith(name))
        .mapToLong(line -> Long.parseUnsignedLong(line.substring(name.length()).strip(), 16))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not in " + status));
  }

  @Test
  void childHasOurEnvironmentAndDirectory() throws IOException {
    assertEquals(System.getenv("PATH") + "\n", RunningCommand.output(List.of("printenv", "PATH")));
    assertEquals(Path.of("").toRealPath() + "\n", shell("pwd -P"));
  }

  @Test
  void missingProgramIsReportedByName() {
    PosixException search =
        assertThrows(PosixException.class, () -> Spawner.command(List.of("nosuch-nbd4j", "x")));
    assertEquals("nosuch-nbd4j: No such file or directory", search.getMessage());
    assertEquals(PosixException.ENOENT, search.errno());
    PosixException path =
        assertThrows(PosixException.class, () -> Spawner.command(List.of("/nosuch/program")));
    assertEquals("/nosuch/program: No such file or directory", path.getMessage());
  }

  @Test
  void fileThatIsNotExecutableIsReportedByName() throws IOException {
    Path file = Files.writeString(directory.resolve("plain"), "#!/bin/sh\n");
    PosixException e =
        assertThrows(PosixException.class, () -> Spawner.command(List.of(file.toString())));
    assertEquals(file + ": Permission denied", e.getMessage());
    assertEquals(PosixException.EACCES, e.errno());
  }

  @Test
  void scriptWithoutInterpreterIsRunByTheShell() throws IOException {
    Path script = Files.writeString(directory.resolve("script"), "echo \"$0 $1\"\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertEquals(script + " a b\n", RunningCommand.output(List.of(script.toString(), "a b")));
  }

  @Test
  void nulCharacterInAnArgumentIsRefused() {
    PosixException e =
        assertThrows(PosixException.class, () -> Spawner.command(List.of("echo", "a\0b")));
    assertEquals(PosixException.EINVAL, e.errno());
    assertTrue(e.getMessage().startsWith("NUL character in an argument"), e.getMessage());
  }

  @Test
  void interruptedCallerStillGetsItsChild() throws IOException {
    Thread.currentThread().interrupt();
    try (RunningCommand child = RunningCommand.start(List.of("true"))) {
      assertTrue(Thread.interrupted(), "the interrupt is kept");
      assertTrue(child.channel().isConnected());
      assertEquals(new ExitStatus(0, 0), Children.await(child.process()));
    } finally {
      Thread.interrupted();
    }
  }

  @Test
  void closedChannelIsEndOfInputToTheChild() throws IOException {
    try (RunningCommand cat = RunningCommand.start(List.of("cat"))) {
      cat.channel().write(ByteBuffer.wrap(new byte[1]));
      assertNull(cat.process().exitStatus(), "it waits for input");
      cat.channel().close();
      Children.await(cat.process());
    }
  }

  @Test
  void processWithoutStandardStreamsCanSpawn() throws IOException {
    List<String> java = JavaProgram.commandLine(EchoingProgram.class);
    String closed =
        RunningCommand.output(
            Stream.concat(
                    Stream.of("sh", "-c", "\"$@\" <&- >&- 2>&-; echo $?", "sh"), java.stream())
                .toList());
    assertEquals(EchoingProgram.SUCCESS + "\n", closed);
  }

  /** Ends with {@link #SUCCESS} if what it writes to a child comes back. */
  static final class EchoingProgram {
    static final int SUCCESS = 42;

    private EchoingProgram() {}

    public static void main(String[] args) throws IOException {
      try (RunningCommand cat = RunningCommand.start(List.of("cat"))) {
        cat.channel().write(ByteBuffer.wrap(new byte[1]));
        cat.channel().shutdownOutput();
        int length = Channels.newInputStream(cat.channel()).readAllBytes().length;
        System.exit(length == 1 ? SUCCESS : 0);
      }
    }
  }
}
