package io.nbd4j.tools;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Programs that tests start. */
public final class Program {
  private static final int LONGEST_RUN = 50;

  private Program() {}

  /** Skips the test if a program is missing, or fails it where every peer is required. */
  public static void require(String name) {
    for (String directory : System.getenv("PATH").split(File.pathSeparator, -1)) {
      if (Files.isExecutable(Path.of(directory, name))) {
        return;
      }
    }
    if ("1".equals(System.getenv("NBD4J_REQUIRE_PEERS"))) {
      fail(name + " is not installed, and NBD4J_REQUIRE_PEERS wants it");
    }
    assumeTrue(false, name + " is not installed");
  }

  /** Waits until a file is there, such as a socket that a server makes. */
  public static void await(Path file) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_RUN);
    while (!Files.exists(file)) {
      if (System.nanoTime() - end > 0) {
        fail(file + " does not appear");
      }
      Thread.sleep(5);
    }
  }

  /** Runs a program to its end. */
  public static Printed run(List<String> command) throws IOException, InterruptedException {
    return run(command, Path.of("."), Map.of());
  }

  /** Runs a program to its end, in a directory, with additions to the environment. */
  public static Printed run(List<String> command, Path directory, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("nbd4j", ".out");
    Path err = Files.createTempFile("nbd4j", ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      if (!process.waitFor(LONGEST_RUN, TimeUnit.SECONDS)) {
        fail(command + " does not end: " + Files.readString(out) + Files.readString(err));
      }
      return new Printed(
          process.exitValue(),
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      Files.delete(out);
      Files.delete(err);
    }
  }
}
