package io.nbd4j.net.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.net.posix.Environment;
import io.nbd4j.net.posix.PosixException;
import io.nbd4j.net.posix.Processes;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketActivationTest {

  @TempDir Path directory;

  /** Runs a script that writes to its first parameter, and returns what it has written there. */
  private String activated(String script, String socketName) throws IOException {
    Path file = directory.resolve("report");
    try (RunningServer server =
        RunningServer.start(List.of("sh", "-c", script, "sh", file.toString()), socketName)) {
      assertEquals(new ExitStatus(0, 0), Children.await(server.process()));
      return Files.readString(file);
    }
  }

  @Test
  void childIsToldOfItsSocket() throws IOException {
    Map<String, String> report =
        activated("{ env; echo PID=$$; } > \"$1\"", "disk")
            .lines()
            .filter(line -> line.startsWith("LISTEN_") || line.startsWith("PID="))
            .collect(
                Collectors.toMap(
                    line -> line.substring(0, line.indexOf('=')),
                    line -> line.substring(line.indexOf('=') + 1)));
    assertEquals(
        Map.of(
            "PID",
            report.get("PID"),
            "LISTEN_PID",
            report.get("PID"),
            "LISTEN_FDS",
            "1",
            "LISTEN_FDNAMES",
            "disk"),
        report);
  }

  @Test
  void namelessSocketIsUnknown() throws IOException {
    assertEquals("unknown\n", activated("printenv LISTEN_FDNAMES > \"$1\"", ""));
  }

  @Test
  void childHasTheListenerAndTheStandardDescriptorsOnly() throws IOException {
    Set<Integer> expected = Set.of(0, 1, 2, 3);
    SortedMap<Integer, String> ours = Children.ourDescriptors();
    try (RunningServer server = RunningServer.start(List.of("sleep", "60"), "")) {
      SortedMap<Integer, String> theirs =
          Children.settledDescriptors(server.process().pid(), expected);
      assertEquals(expected, theirs.keySet());
      assertEquals(ours.headMap(3), theirs.headMap(3));
      assertTrue(theirs.getOrDefault(3, "").startsWith("socket:"), theirs.toString());
    }
  }

  @Test
  void argumentsArriveUnchangedThroughTheShim() throws IOException {
    Path file = directory.resolve("report");
    try (RunningServer server =
        RunningServer.start(
            List.of(
                "sh",
                "-c",
                "printf '%s|' \"$@\" > \"$0\"",
                file.toString(),
                "",
                "a b",
                "'\"$x`\\",
                "\n",
                "ü"),
            "")) {
      Children.await(server.process());
      assertEquals("|a b|'\"$x`\\|\n|ü|", Files.readString(file));
    }
  }

  @Test
  void socketIsPrivateAndListensAtOnce() throws IOException {
    try (RunningServer server = RunningServer.start(List.of("sleep", "60"), "")) {
      Path parent = server.socket().getParent();
      assertEquals("sock", server.socket().getFileName().toString());
      assertTrue(parent.getFileName().toString().startsWith("nbd4j"), parent.toString());
      assertEquals(
          "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(parent)));
      try (SocketChannel connection =
          SocketChannel.open(UnixDomainSocketAddress.of(server.socket()))) {
        assertTrue(connection.isConnected());
      }
    }
  }

  @Test
  void nobodyListensAfterTheChildHasEnded() throws IOException {
    try (RunningServer server = RunningServer.start(List.of("true"), "")) {
      Children.await(server.process());
      assertThrows(
          IOException.class,
          () -> SocketChannel.open(UnixDomainSocketAddress.of(server.socket())).close());
    }
  }

  @Test
  void cleanupRemovesTheDirectoryAndMayBeRepeated() throws IOException {
    try (RunningServer server = RunningServer.start(List.of("true"), "")) {
      Children.await(server.process());
      assertTrue(Files.exists(server.socket()));
      server.spawned().cleanup();
      assertFalse(Files.exists(server.socket().getParent()));
      server.spawned().cleanup();
    }
  }

  @Test
  void missingProgramIsReportedByName() throws IOException {
    PosixException missing =
        assertThrows(
            PosixException.class, () -> Spawner.socketActivation(List.of("nosuch-nbd4j"), ""));
    assertEquals("nosuch-nbd4j: No such file or directory", missing.getMessage());
    Path plain = Files.createFile(directory.resolve("plain"));
    PosixException denied =
        assertThrows(
            PosixException.class, () -> Spawner.socketActivation(List.of(plain.toString()), ""));
    assertEquals(plain + ": Permission denied", denied.getMessage());
  }

  @Test
  void ourOwnActivationIsNotPassedOn() throws IOException {
    List<String> variables =
        passedOn("LISTEN_PID=1", "LISTEN_FDS=9", "LISTEN_FDNAMES=a:b", "LISTEN_FDS_NOT=kept")
            .stream()
            .filter(variable -> variable.startsWith("LISTEN_"))
            .toList();
    assertEquals(4, variables.size(), variables.toString());
    assertTrue(
        variables.containsAll(
            List.of("LISTEN_FDS=1", "LISTEN_FDNAMES=unknown", "LISTEN_FDS_NOT=kept")),
        variables.toString());
  }

  @Test
  void variablesPassThroughAnyLocale() throws IOException {
    List<String> variables = passedOn("LC_ALL=C", "NBD4J_TEXT=gr\u00fc\u00dfe");
    assertTrue(variables.contains("NBD4J_TEXT=gr\u00fc\u00dfe"), variables.toString());
  }

  /** The environment of the child of a virtual machine that was given these variables, too. */
  private List<String> passedOn(String... variables) throws IOException {
    Path file = directory.resolve("report");
    List<byte[]> environment = new ArrayList<>();
    for (String variable : variables) {
      environment.add(variable.getBytes(StandardCharsets.UTF_8));
    }
    environment.addAll(Environment.current());
    long pid =
        Processes.spawn(
            JavaProgram.commandLine(
                ActivatingProgram.class, "sh", "-c", "env > \"$0\"", file.toString()),
            environment,
            Processes.INHERIT,
            Processes.INHERIT,
            Processes.INHERIT);
    assertEquals(new ExitStatus(0, 0), Children.await(new Subprocess(pid, List.of("java"))));
    return Files.readAllLines(file);
  }

  /** A virtual machine that activates the command in its arguments. */
  static final class ActivatingProgram {

    private ActivatingProgram() {}

    public static void main(String[] args) throws IOException {
      try (RunningServer server = RunningServer.start(List.of(args), "")) {
        Children.await(server.process());
      }
    }
  }
}
