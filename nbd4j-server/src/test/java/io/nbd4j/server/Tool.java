package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program of another project that is a client of ours. */
final class Tool {
  private static final int LONGEST_RUN = 50;

  private final String name;

  private Tool(String name) {
    this.name = name;
  }

  /** Finds a program. Without it the test is skipped, or fails where every peer is required. */
  static Tool named(String name) {
    for (String directory : System.getenv("PATH").split(File.pathSeparator, -1)) {
      if (Files.isExecutable(Path.of(directory, name))) {
        return new Tool(name);
      }
    }
    if ("1".equals(System.getenv("NBD4J_REQUIRE_PEERS"))) {
      fail(name + " is not installed, and NBD4J_REQUIRE_PEERS wants it");
    }
    assumeTrue(false, name + " is not installed");
    throw new AssertionError(name);
  }

  /** Runs it, which has to succeed, and returns what it prints. */
  String run(Object... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(name));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Path output = Files.createTempFile(name, ".out");
    Process process =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = process.waitFor(LONGEST_RUN, TimeUnit.SECONDS);
      String text = Files.readString(output, StandardCharsets.UTF_8);
      assertTrue(ended, () -> command + " does not end: " + text);
      assertEquals(0, process.exitValue(), () -> command + ": " + text);
      return text;
    } finally {
      process.destroyForcibly();
      Files.delete(output);
    }
  }
}
