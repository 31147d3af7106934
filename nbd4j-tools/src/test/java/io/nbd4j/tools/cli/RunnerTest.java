package io.nbd4j.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.tools.Printed;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;

class RunnerTest {
  /** What a tool does when it is run. */
  @FunctionalInterface
  private interface Work {
    int run(CommandLine line, Streams streams)
        throws UsageException, IOException, InterruptedException;
  }

  private static Printed run(Work work, String... arguments) {
    Tool tool =
        new Tool() {
          @Override
          public String name() {
            return "tool";
          }

          @Override
          public Options options() {
            return new Options()
                .addOption(Option.builder().longOpt("size").get())
                .addOption(Option.builder().longOpt("socket").hasArg().get())
                .addOption(Option.builder("L").longOpt("list").get());
          }

          @Override
          public String usage() {
            return "how to use it\n";
          }

          @Override
          public int run(CommandLine line, Streams streams)
              throws UsageException, IOException, InterruptedException {
            return work.run(line, streams);
          }
        };
    return Printed.by(tool, arguments);
  }

  private static Printed run(String... arguments) {
    return run(
        (line, streams) -> {
          streams.out().println("ran " + line.getArgList());
          return ExitCode.SUCCESS;
        },
        arguments);
  }

  @Test
  void optionsMayFollowArgumentsUntilTwoDashes() {
    assertEquals(
        new Printed(0, "ran [a, --size, b]\n", ""), run("a", "--list", "--", "--size", "b"));
  }

  @Test
  void helpAndVersionGoToStandardOutput() {
    assertEquals(new Printed(0, "how to use it\n", ""), run("--help"));
    Printed version = new Printed(0, "tool 1.24.0\nlibnbd 1.24.0\n", "");
    assertEquals(version, run("--version"));
    assertEquals(version, run("-V"));
  }

  @Test
  void completionListsTheOptions() {
    assertEquals(
        new Printed(0, "--help\n--size\n--socket\n--list\n--verbose\n--version\n", ""),
        run("--long-options"));
    assertEquals(new Printed(0, "-L\n-v\n-V\n", ""), run("--short-options"));
  }

  @Test
  void badOptionsAreExplainedAsGetoptDoes() {
    assertBadUsage("unrecognized option '--bogus'", "--bogus");
    assertBadUsage("invalid option -- 'q'", "-q");
    assertBadUsage("option '--size' doesn't allow an argument", "--size=3");
    assertBadUsage("option '--socket' requires an argument", "--socket");
    assertBadUsage("option '--v' is ambiguous; possibilities: '--verbose' '--version'", "--v");
  }

  @Test
  void abbreviatedOptionsAreUnderstood() {
    assertEquals(new Printed(0, "ran []\n", ""), run("--li", "--soc=x y"));
  }

  private static void assertBadUsage(String message, String... arguments) {
    assertEquals(new Printed(1, "", "tool: " + message + "\n\nhow to use it\n"), run(arguments));
  }

  @Test
  void aRefusalIsOneLine() {
    assertEquals(
        new Printed(1, "", "tool: not so\n"),
        run((line, streams) -> {
          throw UsageException.refused("not so");
        }));
  }

  @Test
  void aFailureIsOneLineWithoutItsOrigin() {
    assertEquals(
        new Printed(1, "", "tool: it broke\n"),
        run((line, streams) -> {
          throw new IOException("it broke");
        }));
    assertEquals(
        new Printed(1, "", "tool: /x: No such file or directory\n"),
        run((line, streams) -> {
          throw new NoSuchFileException("/x");
        }));
    assertEquals(
        new Printed(1, "", "tool: /x: Permission denied\n"),
        run((line, streams) -> {
          throw new AccessDeniedException("/x");
        }));
    assertEquals(
        new Printed(1, "", "tool: internal error: java.lang.IllegalStateException: oops\n"),
        run((line, streams) -> {
          throw new IllegalStateException("oops");
        }));
  }

  @Test
  void verboseShowsWhereAFailureComesFrom() {
    Printed printed =
        run(
            (line, streams) -> {
              throw new IOException("it broke");
            },
            "-v");
    assertTrue(
        printed.err().startsWith("tool: it broke\njava.io.IOException: it broke\n\tat "),
        printed.err());
  }

  @Test
  void outputThatCannotBeWrittenIsAFailure() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    Tool tool = new PrintingTool();
    assertEquals(
        ExitCode.FAILURE,
        Runner.run(
            tool,
            new String[0],
            new Streams(
                new PrintStream(full, false, StandardCharsets.UTF_8),
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))));
  }

  /** Prints a line. */
  private static final class PrintingTool implements Tool {
    @Override
    public String name() {
      return "printing";
    }

    @Override
    public Options options() {
      return new Options();
    }

    @Override
    public String usage() {
      return "";
    }

    @Override
    public int run(CommandLine line, Streams streams) {
      streams.out().println("a line");
      return ExitCode.SUCCESS;
    }
  }
}
