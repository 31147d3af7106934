package io.nbd4j.tools.serve;

import io.nbd4j.server.NbdServer;
import io.nbd4j.server.NbdServerBuilder;
import io.nbd4j.server.backend.Backend;
import io.nbd4j.tools.cli.ExitCode;
import io.nbd4j.tools.cli.Runner;
import io.nbd4j.tools.cli.Streams;
import io.nbd4j.tools.cli.Tool;
import io.nbd4j.tools.cli.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;

/** {@code nbd serve}: an NBD server for memory and files. */
public final class Serve implements Tool {
  private static final String USAGE =
      """
      Serves memory or files over NBD, until SIGTERM or SIGINT.

          nbd serve EXPORT... WHERE...

      What to export, each option as often as you like. NAME is "" if it is left out;
      it ends at the first equals sign.

          -m, --memory [NAME=]SIZE   SIZE bytes of zeroes to begin with, in memory
          -f, --file [NAME=]PATH     an existing regular file
          --description [NAME=]TEXT  what clients are told of the export
          --default-export NAME      what clients get that name none; otherwise the
                                     export "", or the only one
          -r, --read-only            nobody may write, to any export

      Where to serve:

          -t, --tcp HOST:PORT        port 0 is any free port, no host is all addresses
          -u, --unix PATH            a Unix socket, which must not exist
          -s, --stdio                one client, at standard input and output

      Started with socket activation (LISTEN_PID, LISTEN_FDS), it serves the socket
      that it was given.

      Other options:

          -P, --pid-file FILE        where to write the process id once it serves
          -v, --verbose              print where an error comes from
          --help                     print this text
          -V, --version              print versions

      SIZE is a whole number of bytes, or one with a suffix: k m g t p e (powers of
      1024), s (512), b (1). When it listens, the URIs of the exports are printed,
      one a line. Failures go to standard error.

      Exit code: 0 when the client of --stdio has left, 128 + the number of the signal
      that ended it, or 1 for any failure.

      Examples:

          nbd serve --memory 1g --tcp localhost:10809
          nbd serve --file disk=disk.img --description "disk=my disk" --unix /tmp/nbd.sock
      """;

  private final Map<String, String> environment;

  /** A tool with the environment of this process. */
  public Serve() {
    this(System.getenv());
  }

  Serve(Map<String, String> environment) {
    this.environment = environment;
  }

  /** Runs the program. */
  public static void main(String[] arguments) {
    Runner.main(new Serve(), arguments);
  }

  @Override
  public String name() {
    return "nbd serve";
  }

  @Override
  public Options options() {
    return ServePlan.options();
  }

  @Override
  public String usage() {
    return USAGE;
  }

  @Override
  public int run(CommandLine line, Streams streams)
      throws UsageException, IOException, InterruptedException {
    boolean activated = isActivated();
    ServePlan plan = ServePlan.of(line, activated);
    NbdServer server = start(plan, streams);
    atEnd("nbd-serve-close", server::close, streams);
    Path pidFile = plan.pidFile();
    if (pidFile != null) {
      Files.writeString(pidFile, ProcessHandle.current().pid() + "\n");
      atEnd("nbd-serve-pid-file", () -> Files.deleteIfExists(pidFile), streams);
    }
    if (activated) {
      server.serveInherited();
    } else if (plan.stdio()) {
      server.serveStdio();
    } else {
      server.uris().forEach(streams.out()::println);
      streams.out().flush();
      server.join();
    }
    return ExitCode.SUCCESS;
  }

  /** Whether systemd, or a client that acts like it, has handed a socket to this very process. */
  private boolean isActivated() {
    return environment.containsKey("LISTEN_FDS")
        && Long.toString(ProcessHandle.current().pid()).equals(environment.get("LISTEN_PID"));
  }

  private static NbdServer start(ServePlan plan, Streams streams)
      throws UsageException, IOException {
    NbdServerBuilder builder =
        NbdServer.builder().log(message -> streams.err().println("nbd serve: " + message));
    List<Backend> opened = new ArrayList<>();
    try {
      for (ExportSpec export : plan.exports()) {
        Backend backend = export.open(plan.readOnly());
        opened.add(backend);
        builder.export(export.name(), export.description(), backend);
      }
      if (plan.defaultExport() != null) {
        builder.defaultExport(plan.defaultExport());
      }
      plan.tcp().forEach(builder::listenTcp);
      plan.unix().forEach(builder::listenUnix);
      return listening(builder, plan);
    } catch (IllegalArgumentException e) {
      closeAll(opened);
      throw UsageException.refused(String.valueOf(e.getMessage()));
    } catch (IOException | RuntimeException e) {
      closeAll(opened);
      throw e;
    }
  }

  private static NbdServer listening(NbdServerBuilder builder, ServePlan plan) throws IOException {
    try {
      return builder.start();
    } catch (IOException e) {
      String places =
          Stream.concat(plan.tcp().stream(), plan.unix().stream())
              .map(Object::toString)
              .collect(Collectors.joining(", "));
      throw new IOException("cannot listen on " + places + ": " + Runner.message(e), e);
    }
  }

  private static void closeAll(List<Backend> backends) throws IOException {
    for (Backend backend : backends) {
      backend.close();
    }
  }

  /** What has to be done when the process ends, also by a signal. */
  @FunctionalInterface
  private interface LastAct {
    void run() throws IOException;
  }

  private static void atEnd(String name, LastAct act, Streams streams) {
    Runnable reporting =
        () -> {
          try {
            act.run();
          } catch (IOException e) {
            streams.err().println("nbd serve: " + Runner.message(e));
          }
        };
    Runtime.getRuntime().addShutdownHook(new Thread(reporting, name));
  }
}
