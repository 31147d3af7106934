package io.nbd4j.tools.cli;

import java.util.Collection;
import java.util.stream.Collectors;
import org.apache.commons.cli.AmbiguousOptionException;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;

/** Parses command lines, and says what is wrong with them in the words of getopt. */
final class CommandLines {
  static final String HELP = "help";
  static final String VERSION = "version";
  static final String VERBOSE = "verbose";
  static final String LONG_OPTIONS = "long-options";
  static final String SHORT_OPTIONS = "short-options";

  private CommandLines() {}

  /** The options of a tool and those that all tools have. */
  static Options withCommon(Options own) {
    return new Options()
        .addOption(Option.builder().longOpt(HELP).get())
        .addOptions(own)
        .addOption(Option.builder("v").longOpt(VERBOSE).get())
        .addOption(Option.builder("V").longOpt(VERSION).get())
        .addOption(Option.builder().longOpt(LONG_OPTIONS).get())
        .addOption(Option.builder().longOpt(SHORT_OPTIONS).get());
  }

  static CommandLine parse(Options options, String[] arguments) throws UsageException {
    DefaultParser parser =
        DefaultParser.builder()
            .setAllowPartialMatching(true)
            .setStripLeadingAndTrailingQuotes(false)
            .get();
    try {
      return parser.parse(options, arguments);
    } catch (ParseException e) {
      throw UsageException.malformed(explain(e, options));
    }
  }

  private static String explain(ParseException problem, Options options) {
    return switch (problem) {
      case AmbiguousOptionException ambiguous ->
          "option '%s' is ambiguous; possibilities:%s"
              .formatted(ambiguous.getOption(), quoted(ambiguous.getMatchingOptions()));
      case UnrecognizedOptionException unknown -> unrecognized(unknown.getOption(), options);
      case MissingArgumentException missing -> {
        Option option = missing.getOption();
        yield "option '%s' requires an argument"
            .formatted(option.hasLongOpt() ? "--" + option.getLongOpt() : "-" + option.getOpt());
      }
      default -> problem.toString();
    };
  }

  private static String unrecognized(String word, Options options) {
    int equals = word.indexOf('=');
    if (equals > 0 && !options.getMatchingOptions(word.substring(0, equals)).isEmpty()) {
      return "option '%s' doesn't allow an argument".formatted(word.substring(0, equals));
    }
    return word.startsWith("--")
        ? "unrecognized option '%s'".formatted(word)
        : "invalid option -- '%s'".formatted(word.substring(1));
  }

  private static String quoted(Collection<String> names) {
    return names.stream().map(name -> " '--" + name + "'").collect(Collectors.joining());
  }
}
