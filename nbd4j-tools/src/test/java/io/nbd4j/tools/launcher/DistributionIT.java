package io.nbd4j.tools.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.tools.Printed;
import io.nbd4j.tools.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real launchers, on what was built just before. */
class DistributionIT {
  private static final Path BIN =
      Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolveSibling("bin");
  private static final String NBD = BIN.resolve("nbd").toString();
  private static final String NBDINFO = BIN.resolve("nbdinfo").toString();

  /** What a client of libnbd 1.14 sees of a server for 1 MiB of memory. */
  private static final String SHOWN_BY_LIBNBD =
      """
      protocol: newstyle-fixed without TLS, using structured packets
      export="":
      	export-size: 1048576 (1M)
      """;

  @TempDir private Path directory;

  @Test
  void theDemoVerifiesItsData() throws Exception {
    Printed demo = Program.run(List.of(NBD, "demo"));
    assertEquals(0, demo.code(), demo.err());
    assertTrue(demo.out().startsWith("server: " + NBD + " serve --stdio --memory 64M\n"));
    assertTrue(demo.out().contains("\texport-size: 67108864 (64M)\n"), demo.out());
    assertTrue(demo.out().endsWith("\nverified\n"), demo.out());
  }

  @Test
  void nbdinfoShowsOurServerThroughSocketActivation() throws Exception {
    Printed size =
        Program.run(List.of(NBDINFO, "--size", "--", "[", NBD, "serve", "-m", "3M", "]"));
    assertEquals(new Printed(0, "3145728\n", ""), withoutPreparation(size));
  }

  @Test
  void libnbdShowsOurServerThroughSocketActivation() throws Exception {
    Program.require("nbdinfo");
    Printed shown =
        Program.run(List.of("nbdinfo", "--no-content", "--", "[", NBD, "serve", "-m", "1M", "]"));
    assertEquals(0, shown.code(), shown.err());
    assertTrue(shown.out().startsWith(SHOWN_BY_LIBNBD), shown.out());
  }

  @Test
  void aFileWithBlanksInItsNameIsServedOnStandardInputAndOutput() throws Exception {
    Path disk = directory.resolve("a \"b\"=c");
    Files.writeString(disk, "what is in the file");
    ByteBuffer data = ByteBuffer.allocate(19);
    try (NbdHandle handle = new NbdHandle()) {
      handle.setExportName("the file");
      handle.connectCommand(
          List.of(NBD, "serve", "--stdio", "--read-only", "--file", "the file=" + disk));
      assertTrue(handle.isReadOnly());
      handle.pread(data, 0);
      handle.shutdown();
    }
    assertEquals("what is in the file", new String(data.array(), StandardCharsets.UTF_8));
  }

  @Test
  void aSignalEndsTheServerCleanly() throws Exception {
    Path socket = directory.resolve("a socket");
    Path pidFile = directory.resolve("pid");
    Process server =
        new ProcessBuilder(
                NBD,
                "serve",
                "-m",
                "1M",
                "-m",
                "b=2M",
                "-u",
                socket.toString(),
                "-t",
                "127.0.0.1:0",
                "-P",
                pidFile.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader printed = server.inputReader(StandardCharsets.UTF_8)) {
      String unix = "?socket=" + socket.toString().replace(" ", "%20");
      List<String> uris = List.of(line(printed), line(printed), line(printed), line(printed));
      assertTrue(uris.get(0).matches("nbd://127\\.0\\.0\\.1:\\d+/"), uris::toString);
      assertTrue(uris.get(1).matches("nbd://127\\.0\\.0\\.1:\\d+/b"), uris::toString);
      assertEquals("nbd+unix:///" + unix, uris.get(2).replace(" ", "%20"));
      assertEquals("nbd+unix:///b" + unix, uris.get(3).replace(" ", "%20"));
      for (String uri : uris) {
        Printed size = Program.run(List.of(NBDINFO, "--size", uri));
        String expected = uri.contains("/b") ? "2097152\n" : "1048576\n";
        assertEquals(new Printed(0, expected, ""), withoutPreparation(size), uri);
      }
      assertEquals(server.pid() + "\n", Files.readString(pidFile));
      server.destroy();
      assertTrue(server.waitFor(20, TimeUnit.SECONDS), "the server goes on after SIGTERM");
      assertEquals(128 + 15, server.exitValue());
    } finally {
      server.destroyForcibly();
    }
    assertFalse(Files.exists(socket), "the socket is left");
    assertFalse(Files.exists(pidFile), "the process id is left");
  }

  private static String line(BufferedReader printed) throws IOException {
    String line = printed.readLine();
    assertTrue(line != null, "the server prints nothing more");
    return line;
  }

  @Test
  void aServerThatCannotStartSaysWhy() throws Exception {
    Path occupied = directory.resolve("occupied");
    Files.writeString(occupied, "");
    Printed printed = Program.run(List.of(NBD, "serve", "-m", "1M", "--unix", occupied.toString()));
    assertEquals(1, printed.code());
    assertEquals("", printed.out());
    String error = "nbd serve: cannot listen on " + occupied + ": Address already in use\n";
    assertTrue(printed.err().endsWith(error), printed.err());
    assertTrue(Files.exists(occupied));
    Printed missing = Program.run(List.of(NBD, "serve", "-s", "-f", directory + "/nosuch"));
    assertEquals(
        new Printed(1, "", "nbd serve: " + directory + "/nosuch: No such file or directory\n"),
        withoutPreparation(missing));
  }

  @Test
  void namesAreUtf8InAnyLocale() throws Exception {
    Path disk = Files.writeString(directory.resolve("ü"), "");
    Printed list =
        Program.run(
            List.of(NBDINFO, "-L", "--", "[", NBD, "serve", "-m", "é=1M", "-f", "ü=" + disk, "]"),
            directory,
            Map.of("LC_ALL", "C"));
    assertEquals(0, list.code(), list.err());
    assertTrue(list.out().contains("export=\"é\":\n"), list.out());
    assertTrue(list.out().contains("export=\"ü\":\n"), list.out());
  }

  @Test
  void versionsAreThoseOfLibnbd() throws Exception {
    assertEquals(
        new Printed(0, "nbdinfo 1.24.0\nlibnbd 1.24.0\n", ""),
        withoutPreparation(Program.run(List.of(NBDINFO, "-V"))));
    assertEquals(
        new Printed(0, "nbd 1.24.0\nlibnbd 1.24.0\n", ""),
        withoutPreparation(Program.run(List.of(NBD, "--version"))));
  }

  /** The first launcher after a build prepares quick starts, and says so. */
  private static Printed withoutPreparation(Printed printed) {
    return new Printed(
        printed.code(),
        printed.out(),
        printed
            .err()
            .replaceAll("nbd: (preparing quick starts|waiting for another build).*\n", ""));
  }
}
