package io.nbd4j.tools.cli;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** Runs a tool: options, help, version, errors, exit code. */
public final class Runner {
  private Runner() {}

  /** Runs a tool as the program that this process is, and ends it. */
  public static void main(Tool tool, String[] arguments) {
    System.exit(run(tool, arguments, Streams.standard()));
  }

  /** Runs a tool and returns its exit code. */
  public static int run(Tool tool, String[] arguments, Streams streams) {
    int code = runUnflushed(tool, arguments, streams);
    streams.err().flush();
    if (streams.out().checkError() && code == ExitCode.SUCCESS) {
      streams.err().println(tool.name() + ": cannot write to standard output");
      return ExitCode.FAILURE;
    }
    return code;
  }

  private static int runUnflushed(Tool tool, String[] arguments, Streams streams) {
    Options options = CommandLines.withCommon(tool.options());
    boolean verbose = false;
    try {
      CommandLine line = CommandLines.parse(options, arguments);
      verbose = isVerbose(line);
      if (answered(tool, line, options, streams.out())) {
        return ExitCode.SUCCESS;
      }
      return tool.run(line, streams);
    } catch (UsageException e) {
      streams.err().println(tool.name() + ": " + e.getMessage());
      if (e.withUsage()) {
        streams.err().print("\n" + tool.usage());
      }
      return ExitCode.FAILURE;
    } catch (InterruptedException e) {
      return failed(tool, "interrupted", e, verbose, streams.err());
    } catch (IOException e) {
      return failed(tool, message(e), e, verbose, streams.err());
    } catch (RuntimeException e) {
      return failed(tool, "internal error: " + e, e, verbose, streams.err());
    }
  }

  private static int failed(
      Tool tool, String message, Exception cause, boolean verbose, PrintStream err) {
    err.println(tool.name() + ": " + message);
    if (verbose) {
      cause.printStackTrace(err);
    }
    return ExitCode.FAILURE;
  }

  /** Whether the user wants to see what happens inside. */
  public static boolean isVerbose(CommandLine line) {
    return line.hasOption(CommandLines.VERBOSE);
  }

  /** A failure in the words for a user; that of a handle is libnbd's. */
  public static String message(IOException failure) {
    return switch (failure) {
      case NbdException nbd -> nbd.text();
      case NoSuchFileException file -> file.getFile() + ": No such file or directory";
      case AccessDeniedException file -> file.getFile() + ": Permission denied";
      case FileAlreadyExistsException file -> file.getFile() + ": File exists";
      default -> Objects.requireNonNullElse(failure.getMessage(), failure.toString());
    };
  }

  /** Answers the questions about the tool itself. */
  private static boolean answered(Tool tool, CommandLine line, Options options, PrintStream out) {
    if (line.hasOption(CommandLines.HELP)) {
      out.print(tool.usage());
    } else if (line.hasOption(CommandLines.VERSION)) {
      out.print(versions(tool.name()));
    } else if (line.hasOption(CommandLines.LONG_OPTIONS)) {
      for (Option option : options.getOptions()) {
        if (option.hasLongOpt() && !option.getLongOpt().endsWith("-options")) {
          out.println("--" + option.getLongOpt());
        }
      }
    } else if (line.hasOption(CommandLines.SHORT_OPTIONS)) {
      for (Option option : options.getOptions()) {
        if (option.getOpt() != null) {
          out.println("-" + option.getOpt());
        }
      }
    } else {
      return false;
    }
    return true;
  }

  /** The two lines of {@code --version}: those of the libnbd whose place is taken. */
  static String versions(String tool) {
    return "%s %s%n%s %2$s%n".formatted(tool, NbdHandle.getVersion(), NbdHandle.getPackageName());
  }
}
