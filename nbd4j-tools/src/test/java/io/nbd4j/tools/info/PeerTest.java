package io.nbd4j.tools.info;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.nbd4j.tools.Printed;
import io.nbd4j.tools.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same servers, shown by libnbd's nbdinfo and by ours. */
class PeerTest {
  /** What nbdinfo 1.14 does not print yet. */
  private static final Pattern NEWER =
      Pattern.compile(
          "\\t\"?can_block_status_payload\"?: .*\\n|\"extended\": .*\\n"
              + "|(?<=block_size_\\w{7,9}: \\d{1,10}) \\(\\w+\\)");

  private static final List<List<String>> MODES =
      List.of(
          List.of(),
          List.of("--no-content"),
          List.of("--json"),
          List.of("--size"),
          List.of("--list"),
          List.of("-L", "--content", "--json"));

  @TempDir private Path directory;

  @BeforeEach
  void requirePeers() {
    Program.require("nbdinfo");
    Program.require("nbdkit");
    Program.require("file");
  }

  /** Words are split at blanks; DISK is a file. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "nbdkit memory 1M",
        "nbdkit memory 0",
        "nbdkit -r memory 1000000",
        "nbdkit file DISK",
        "nbdkit -o memory 1M",
        "nbdkit --mask-handshake=0 memory 1M",
        "nbdkit --mask-handshake=1 memory 1M",
        "nbdkit --filter=noextents memory 1M",
        "nbdkit null 9223372036854775807",
        "nbdkit --filter=blocksize-policy memory 1M blocksize-minimum=512"
            + " blocksize-preferred=64K blocksize-maximum=1M",
        "nbdkit --filter=exportname memory 1M exportname=a exportname=b"
            + " exportname-list=explicit exportdesc=fixed:\"é\\\"",
        "nbdkit --filter=exportname memory 1M exportname-list=empty",
        "nbdkit --filter=error memory 1M error-pread=EIO error-pread-rate=100%",
      })
  void anActivatedServerIsShownTheSame(String server) throws Exception {
    String command = server.replace("DISK", textFile("disk").toString());
    for (List<String> mode : MODES) {
      List<String> words = new ArrayList<>(mode);
      words.addAll(List.of("--", "["));
      words.addAll(List.of(command.split(" ")));
      words.add("]");
      assertSame(words);
    }
  }

  private Path textFile(String name) throws IOException {
    return Files.writeString(directory.resolve(name), "Some text, and nothing else.\n");
  }

  @Test
  void manyExportsAreListedTheSame() throws Exception {
    textFile("a b");
    textFile("c");
    for (List<String> mode :
        List.of(List.of("-L"), List.of("-L", "--json"), List.of("-L", "--content"))) {
      List<String> words = new ArrayList<>(mode);
      words.addAll(List.of("--", "[", "nbdkit", "file", "dir=" + directory, "]"));
      assertSame(words);
    }
  }

  @Test
  void aMissingExportLeavesTheSameHeader() throws Exception {
    assertSame(List.of("--", "[", "nbdkit", "file", "dir=" + directory, "]"));
  }

  @Test
  void aQcow2ImageIsShownTheSame() throws Exception {
    Program.require("qemu-nbd");
    Program.require("qemu-img");
    String image = directory.resolve("disk.qcow2").toString();
    assertEquals(
        0, Program.run(List.of("qemu-img", "create", "-q", "-f", "qcow2", image, "1M")).code());
    for (List<String> mode : MODES) {
      List<String> words = new ArrayList<>(mode);
      words.addAll(List.of("--", "[", "qemu-nbd", "-r", "-A", "-f", "qcow2", image, "]"));
      assertSame(words);
    }
    assertSame(
        List.of(
            "--list",
            "--",
            "[",
            "qemu-nbd",
            "-x",
            "name",
            "-D",
            "a disk",
            "-f",
            "qcow2",
            image,
            "]"));
  }

  @Test
  void aUriIsShownTheSame() throws Exception {
    Path socket = directory.resolve("a b");
    Process nbdkit =
        new ProcessBuilder("nbdkit", "-f", "-U", socket.toString(), "memory", "1M")
            .inheritIO()
            .start();
    try {
      Program.await(socket);
      for (List<String> mode : MODES) {
        List<String> words = new ArrayList<>(mode);
        words.add("nbd+unix:///?socket=" + socket);
        assertSame(words);
      }
      assertSame(List.of("nbd+unix:///x%20y/%C3%A9?socket=" + socket));
    } finally {
      nbdkit.destroy();
      nbdkit.waitFor();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nbd+unix:///?socket=/nosuch/socket",
        "nbd+unix:///",
        "/path",
        "http://foo/",
        "nbd://h?socket=x",
        "[",
        "--size --list x",
        "--content --no-content x",
      })
  void errorsAreTheSame(String arguments) throws Exception {
    List<String> words = List.of(arguments.split(" "));
    assertEquals(theirs(words), ours(words));
  }

  private static void assertSame(List<String> words) throws IOException, InterruptedException {
    Printed theirs = theirs(words);
    Printed ours = ours(words);
    assertEquals(theirs.code(), ours.code(), () -> words + ": " + ours.err());
    assertEquals(theirs.out(), NEWER.matcher(ours.out()).replaceAll(""), () -> words.toString());
  }

  private static Printed theirs(List<String> words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("nbdinfo"));
    command.addAll(words);
    return Program.run(command);
  }

  private static Printed ours(List<String> words) {
    return Printed.by(new Info(), words.toArray(String[]::new));
  }
}
