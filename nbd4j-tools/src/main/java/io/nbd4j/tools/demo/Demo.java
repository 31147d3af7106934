package io.nbd4j.tools.demo;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import io.nbd4j.tools.cli.ByteSize;
import io.nbd4j.tools.cli.ExitCode;
import io.nbd4j.tools.cli.Runner;
import io.nbd4j.tools.cli.Streams;
import io.nbd4j.tools.cli.Tool;
import io.nbd4j.tools.cli.UsageException;
import io.nbd4j.tools.info.Info;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;

/** {@code nbd demo}: client and server at work on this machine. */
public final class Demo implements Tool {
  /** The system property in which the launcher tells its own path. */
  private static final String LAUNCHER = "nbd4j.launcher";

  private static final String SIZE = "64M";
  private static final String USAGE =
      """
      Starts a server with 64 MiB of memory as a subprocess, shows its export, writes
      random data to it, reads the data back and compares checksums.

          nbd demo

      Options:

          -v, --verbose print what the connection does, and where an error comes from
          --help        print this text
          -V, --version print versions

      Exit code: 0 if what was read is what had been written, otherwise 1.
      """;

  /** Runs the program. */
  public static void main(String[] arguments) {
    Runner.main(new Demo(), arguments);
  }

  @Override
  public String name() {
    return "nbd demo";
  }

  @Override
  public Options options() {
    return new Options();
  }

  @Override
  public String usage() {
    return USAGE;
  }

  @Override
  public int run(CommandLine line, Streams streams) throws UsageException, IOException {
    if (!line.getArgList().isEmpty()) {
      throw UsageException.malformed("unexpected argument '" + line.getArgList().getFirst() + "'");
    }
    String launcher = System.getProperty(LAUNCHER);
    if (launcher == null) {
      throw UsageException.refused("it has to be started as bin/nbd demo");
    }
    List<String> server = List.of(launcher, "serve", "--stdio", "--memory", SIZE);
    PrintStream out = streams.out();
    out.println("server: " + String.join(" ", server));
    boolean verified;
    try (NbdHandle handle = new NbdHandle()) {
      handle.setDebug(Runner.isVerbose(line));
      handle.setOptMode(true);
      handle.setFullInfo(true);
      handle.connectCommand(server);
      out.print(Info.describe(handle));
      out.flush();
      handle.optGo();
      verified = roundTrip(handle, out);
      handle.shutdown();
    }
    out.println(verified ? "verified" : "FAILED: the data differs");
    return verified ? ExitCode.SUCCESS : ExitCode.FAILURE;
  }

  private static boolean roundTrip(NbdHandle handle, PrintStream out) throws NbdException {
    RoundTrip trip = new RoundTrip(handle);
    long begun = System.nanoTime();
    trip.write();
    long between = System.nanoTime();
    trip.read();
    long ended = System.nanoTime();
    String request = ByteSize.human(RoundTrip.REQUEST);
    out.printf(
        "wrote %s in requests of %s, one after the other: %s%n",
        SIZE, request, rate(trip.size(), between - begun));
    out.printf(
        "read %s in requests of %s, %d in flight: %s%n",
        SIZE, request, RoundTrip.IN_FLIGHT, rate(trip.size(), ended - between));
    int written = trip.checksumWritten();
    int read = trip.checksumRead();
    out.printf("CRC-32C of what was written %08x, of what was read %08x%n", written, read);
    return written == read;
  }

  private static String rate(long bytes, long nanos) {
    double seconds = nanos / 1e9;
    return "%.2f s, %.0f MiB/s".formatted(seconds, bytes / seconds / (1 << 20));
  }
}
