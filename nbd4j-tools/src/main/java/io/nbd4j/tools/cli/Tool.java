package io.nbd4j.tools.cli;

import java.io.IOException;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;

/** A command-line program. {@link Runner} parses its options and prints its errors. */
public interface Tool {
  /** What stands before its errors. */
  String name();

  /** Its own options; help, version and verbosity are common to all tools. */
  Options options();

  /** The text of {@code --help}, which ends with a newline. */
  String usage();

  /**
   * Does the work.
   *
   * @return the exit code, see {@link ExitCode}
   * @throws UsageException if the command line makes no sense
   * @throws IOException if the work fails; the message is for the user
   */
  int run(CommandLine line, Streams streams)
      throws UsageException, IOException, InterruptedException;
}
