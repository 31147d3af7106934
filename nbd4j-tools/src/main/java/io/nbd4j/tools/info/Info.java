package io.nbd4j.tools.info;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import io.nbd4j.tools.cli.ExitCode;
import io.nbd4j.tools.cli.Runner;
import io.nbd4j.tools.cli.Streams;
import io.nbd4j.tools.cli.Tool;
import io.nbd4j.tools.cli.UsageException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;

/** {@code nbdinfo}: shows what an NBD server exports. */
public final class Info implements Tool {
  private static final String USAGE =
      """
      Shows what an NBD server exports.

          nbdinfo [--json] [--no-content] NBD
          nbdinfo --size [--json] NBD
          nbdinfo -L|--list [--content] [--json] NBD

      NBD is a URI (nbd://HOST/EXPORT, nbd+unix:///EXPORT?socket=PATH), or a server to
      run, [ CMD ARGS ... ] with the brackets as words of their own. Write -- before the
      brackets if CMD has options.

      Options:

          --content     let file(1) look at the first bytes of the export: the default,
                        except with --list
          --no-content  do not
          --json        print JSON
          -L, --list    show all exports, whatever the URI names
          --size        print the size in bytes, and nothing else
          -v, --verbose print what the connection does, and where an error comes from
          --help        print this text
          -V, --version print versions

      Exit code: 0, or 1 for any failure.

      Examples:

          nbdinfo nbd://localhost
          nbdinfo --size "nbd+unix:///?socket=/run/nbd.sock"
          nbdinfo --list nbd://localhost:10810
          nbdinfo -- [ qemu-nbd -r -f qcow2 disk.qcow2 ]
      """;

  /** Runs the program. */
  public static void main(String[] arguments) {
    Runner.main(new Info(), arguments);
  }

  /**
   * What {@code nbdinfo} prints of an export, without its content.
   *
   * @param negotiating a handle in negotiation, which stays there
   * @throws NbdException if the server does not tell
   */
  public static String describe(NbdHandle negotiating) throws NbdException {
    negotiating.optInfo();
    List<String> contexts = new ArrayList<>();
    negotiating.optListMetaContextQueries(List.of(), contexts::add);
    ExportInfo export = ExportInfo.of(negotiating, null, null, false, contexts);
    return TextReport.of(ServerInfo.of(negotiating, List.of(export)));
  }

  @Override
  public String name() {
    return "nbdinfo";
  }

  @Override
  public Options options() {
    return Request.options();
  }

  @Override
  public String usage() {
    return USAGE;
  }

  @Override
  public int run(CommandLine line, Streams streams)
      throws UsageException, IOException, InterruptedException {
    Request request = Request.of(line);
    Inspector inspector = new Inspector(request);
    if (request.mode() == Request.Mode.SIZE) {
      streams.out().println(inspector.size());
      return ExitCode.SUCCESS;
    }
    ServerInfo server = inspector.inspect();
    for (NbdException failure : inspector.failures()) {
      streams.err().println(name() + ": " + failure.text());
      if (request.mode() == Request.Mode.EXPORT && Inspector.isUnknownExport(failure)) {
        streams
            .err()
            .println(name() + ": suggestion: to list all exports on the server, use --list");
      }
    }
    streams.out().print(request.json() ? JsonReport.of(server) : TextReport.of(server));
    return inspector.failures().isEmpty() ? ExitCode.SUCCESS : ExitCode.FAILURE;
  }
}
