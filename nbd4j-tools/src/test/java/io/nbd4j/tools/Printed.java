package io.nbd4j.tools;

import io.nbd4j.tools.cli.Runner;
import io.nbd4j.tools.cli.Streams;
import io.nbd4j.tools.cli.Tool;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** What a tool printed, and its exit code. */
public record Printed(int code, String out, String err) {
  /** Runs a tool in this process. */
  public static Printed by(Tool tool, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Streams streams =
        new Streams(
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, false, StandardCharsets.UTF_8));
    int code = Runner.run(tool, arguments, streams);
    return new Printed(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
