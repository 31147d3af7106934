package io.nbd4j.tools.info;

import io.nbd4j.tools.cli.Runner;
import io.nbd4j.tools.cli.ServerArgument;
import io.nbd4j.tools.cli.UsageException;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** What the command line asks for. */
record Request(Mode mode, boolean json, boolean content, boolean debug, ServerArgument server) {
  enum Mode {
    EXPORT,
    LIST,
    SIZE
  }

  private static final String CONTENT = "content";
  private static final String NO_CONTENT = "no-content";
  private static final String JSON = "json";
  private static final String LIST = "list";
  private static final String SIZE = "size";

  static Options options() {
    return new Options()
        .addOption(Option.builder().longOpt(CONTENT).get())
        .addOption(Option.builder().longOpt(NO_CONTENT).get())
        .addOption(Option.builder().longOpt(JSON).get())
        .addOption(Option.builder("L").longOpt(LIST).get())
        .addOption(Option.builder().longOpt(SIZE).get());
  }

  static Request of(CommandLine line) throws UsageException {
    boolean list = line.hasOption(LIST);
    boolean size = line.hasOption(SIZE);
    if (list && size) {
      throw UsageException.refused("you cannot use --list, --map and --size together.");
    }
    boolean content = line.hasOption(CONTENT);
    boolean noContent = line.hasOption(NO_CONTENT);
    if (content && noContent) {
      throw UsageException.refused("you cannot use --content and --no-content together.");
    }
    Mode mode = list ? Mode.LIST : size ? Mode.SIZE : Mode.EXPORT;
    return new Request(
        mode,
        line.hasOption(JSON),
        content || (mode == Mode.EXPORT && !noContent),
        Runner.isVerbose(line),
        ServerArgument.parse(line.getArgList()));
  }
}
