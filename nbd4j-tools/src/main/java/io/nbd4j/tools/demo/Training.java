package io.nbd4j.tools.demo;

import io.nbd4j.tools.cli.Runner;
import io.nbd4j.tools.cli.Streams;
import io.nbd4j.tools.info.Info;
import io.nbd4j.tools.serve.Serve;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the launcher lets the JVM watch when it makes its cache of loaded classes: the tools talk to
 * a server of ours, all in this process.
 */
public final class Training {
  private Training() {}

  /** Takes no arguments. */
  public static void main(String[] arguments) throws IOException {
    Path directory = Files.createTempDirectory("nbd4j-training");
    directory.toFile().deleteOnExit();
    String uri = serve(directory.resolve("socket"));
    List<List<String>> commands =
        List.of(
            List.of(uri),
            List.of("--size", uri),
            List.of("--list", "--json", uri),
            // A command that is no server: shows the way of a subprocess, up to its end.
            List.of("[", "false", "]"));
    for (List<String> command : commands) {
      Runner.run(
          new Info(), command.toArray(String[]::new), silent(OutputStream.nullOutputStream()));
    }
    System.exit(0);
  }

  /** Starts a server that ends with the process, and returns the URI of its export. */
  private static String serve(Path socket) throws IOException {
    PipedInputStream printed = new PipedInputStream();
    Streams streams = silent(new PipedOutputStream(printed));
    String[] command = {"--memory", "1M", "--unix", socket.toString()};
    Thread.ofPlatform().daemon().start(() -> Runner.run(new Serve(), command, streams));
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(printed, StandardCharsets.UTF_8))) {
      String uri = lines.readLine();
      if (uri == null) {
        throw new IOException("the server did not start");
      }
      return uri;
    }
  }

  private static Streams silent(OutputStream out) {
    return new Streams(
        new PrintStream(out, false, StandardCharsets.UTF_8),
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
  }
}
