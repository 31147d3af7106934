package io.nbd4j.tools.serve;

import io.nbd4j.tools.cli.ByteSize;
import io.nbd4j.tools.cli.UsageException;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;

/** What to export, and where. */
record ServePlan(
    List<ExportSpec> exports,
    @Nullable String defaultExport,
    boolean readOnly,
    List<InetSocketAddress> tcp,
    List<Path> unix,
    boolean stdio,
    @Nullable Path pidFile) {
  private static final String MEMORY = "memory";
  private static final String FILE = "file";
  private static final String DESCRIPTION = "description";
  private static final String DEFAULT_EXPORT = "default-export";
  private static final String READ_ONLY = "read-only";
  private static final String TCP = "tcp";
  private static final String UNIX = "unix";
  private static final String STDIO = "stdio";
  private static final String PID_FILE = "pid-file";

  ServePlan {
    exports = List.copyOf(exports);
    tcp = List.copyOf(tcp);
    unix = List.copyOf(unix);
  }

  static Options options() {
    return new Options()
        .addOption(Option.builder("m").longOpt(MEMORY).hasArg().get())
        .addOption(Option.builder("f").longOpt(FILE).hasArg().get())
        .addOption(Option.builder().longOpt(DESCRIPTION).hasArg().get())
        .addOption(Option.builder().longOpt(DEFAULT_EXPORT).hasArg().get())
        .addOption(Option.builder("r").longOpt(READ_ONLY).get())
        .addOption(Option.builder("t").longOpt(TCP).hasArg().get())
        .addOption(Option.builder("u").longOpt(UNIX).hasArg().get())
        .addOption(Option.builder("s").longOpt(STDIO).get())
        .addOption(Option.builder("P").longOpt(PID_FILE).hasArg().get());
  }

  /**
   * Reads the command line.
   *
   * @param activated whether a listening socket was handed to this process
   */
  static ServePlan of(CommandLine line, boolean activated) throws UsageException {
    if (!line.getArgList().isEmpty()) {
      throw UsageException.malformed("unexpected argument '" + line.getArgList().getFirst() + "'");
    }
    String defaultExport = line.getOptionValue(DEFAULT_EXPORT);
    Map<String, ExportSpec> exports = exports(line);
    if (defaultExport != null && !exports.containsKey(defaultExport)) {
      throw UsageException.refused("--default-export: no export has the name " + defaultExport);
    }
    List<InetSocketAddress> tcp = new ArrayList<>();
    for (String address : values(line, TCP)) {
      tcp.add(TcpAddress.parse(address));
    }
    List<Path> unix = new ArrayList<>();
    for (String path : values(line, UNIX)) {
      unix.add(path(path));
    }
    String pidFile = line.getOptionValue(PID_FILE);
    ServePlan plan =
        new ServePlan(
            List.copyOf(exports.values()),
            defaultExport,
            line.hasOption(READ_ONLY),
            tcp,
            unix,
            line.hasOption(STDIO),
            pidFile == null ? null : path(pidFile));
    plan.requireOnePlace(activated);
    return plan;
  }

  private void requireOnePlace(boolean activated) throws UsageException {
    boolean listens = !tcp.isEmpty() || !unix.isEmpty();
    if (activated && (listens || stdio)) {
      throw UsageException.refused(
          "a socket was handed over (LISTEN_FDS): it excludes --tcp, --unix and --stdio");
    }
    if (stdio && listens) {
      throw UsageException.refused("--stdio excludes --tcp and --unix");
    }
    if (!activated && !listens && !stdio) {
      throw UsageException.malformed("nowhere to serve: use --tcp, --unix or --stdio");
    }
  }

  /** The exports by name, in the order of the command line. */
  private static Map<String, ExportSpec> exports(CommandLine line) throws UsageException {
    Map<String, ExportSpec> exports = new LinkedHashMap<>();
    for (Option option : line.getOptions()) {
      ExportSpec export =
          switch (option.getLongOpt()) {
            case MEMORY -> memory(option.getValue());
            case FILE -> file(option.getValue());
            default -> null;
          };
      if (export != null && exports.putIfAbsent(export.name(), export) != null) {
        throw UsageException.refused("two exports have the name \"" + export.name() + "\"");
      }
    }
    for (String value : values(line, DESCRIPTION)) {
      NamedValue description = NamedValue.parse(value);
      if (exports.computeIfPresent(
              description.name(), (name, export) -> export.withDescription(description.value()))
          == null) {
        throw UsageException.refused("--description: no export has the name " + description.name());
      }
    }
    if (exports.isEmpty()) {
      throw UsageException.malformed("nothing to serve: use --memory or --file");
    }
    return exports;
  }

  private static ExportSpec memory(String text) throws UsageException {
    NamedValue size = NamedValue.parse(text);
    return new ExportSpec(
        size.name(), "", new ExportSpec.Source.Memory(ByteSize.parse(size.value())));
  }

  private static ExportSpec file(String text) throws UsageException {
    NamedValue path = NamedValue.parse(text);
    return new ExportSpec(path.name(), "", new ExportSpec.Source.File(path(path.value())));
  }

  private static Path path(String text) throws UsageException {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw UsageException.refused("not a file name: " + text);
    }
  }

  private static List<String> values(CommandLine line, String option) {
    String[] values = line.getOptionValues(option);
    return values == null ? List.of() : List.of(values);
  }

  /** A value with the name of the export that it is for: what stands before the first {@code =}. */
  private record NamedValue(String name, String value) {
    static NamedValue parse(String text) {
      int equals = text.indexOf('=');
      return equals < 0
          ? new NamedValue("", text)
          : new NamedValue(text.substring(0, equals), text.substring(equals + 1));
    }
  }
}
