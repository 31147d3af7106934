package io.nbd4j.testkit;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Every package, and those of ours that it may import. A package may only name packages above it,
 * so that there can be no cycle.
 */
final class PackageTable {

  static final String ROOT = "io.nbd4j";

  /** Short names, without the root's; the root itself is the empty name. */
  private static final String[][] ROWS = {
    // package, what it may import
    {"wire"},
    {"wire.option", "wire"},
    {"wire.transfer", "wire"},
    {"uri"},
    {"net"},
    {"net.posix"},
    {"net.spawn", "net.posix"},
    {"model"},
    {"engine.session", "model", "wire"},
    {"engine.state", "model"},
    {"engine.command", "model", "wire"},
    {
      "engine.transfer", "engine.command", "engine.session", "model", "net", "wire", "wire.transfer"
    },
    {"engine.handshake", "engine.session", "engine.state", "model", "net", "wire", "wire.option"},
    {"engine.connect", "engine.session", "model", "net", "net.posix", "net.spawn", "wire"},
    {
      "engine.drive",
      "engine.command",
      "engine.connect",
      "engine.handshake",
      "engine.session",
      "engine.state",
      "engine.transfer",
      "model",
      "net",
      "net.posix",
      "net.spawn"
    },
    {
      "",
      "engine.command",
      "engine.connect",
      "engine.drive",
      "engine.handshake",
      "engine.session",
      "engine.state",
      "engine.transfer",
      "model",
      "net",
      "net.posix",
      "net.spawn",
      "uri",
      "wire",
      "wire.transfer"
    },
    {"server.backend", "wire"},
    {"server.conn", "server.backend", "wire", "wire.option", "wire.transfer"},
    {"server", "net.posix", "server.backend", "server.conn", "uri", "wire"},
    {"tools.cli", "", "model"},
    {"tools.info", "", "model", "tools.cli"},
    {"tools.serve", "server", "server.backend", "tools.cli"},
    {"tools.demo", "", "model", "tools.cli", "tools.info", "tools.serve"},
  };

  /** What each module lets everyone use. */
  static final Map<String, Set<String>> EXPORTS =
      Map.of(
          "wire", full("uri", "wire", "wire.option", "wire.transfer"),
          "net", full(),
          "client", full("", "model"),
          "server", full("server", "server.backend"),
          "tools", full());

  private PackageTable() {}

  /** The table with full names, in its order. */
  static Map<String, Set<String>> rows() {
    Map<String, Set<String>> rows = new LinkedHashMap<>();
    for (String[] row : ROWS) {
      rows.put(full(row[0]).iterator().next(), full(Stream.of(row).skip(1).toArray(String[]::new)));
    }
    return rows;
  }

  private static Set<String> full(String... names) {
    return Stream.of(names)
        .map(name -> name.isEmpty() ? ROOT : ROOT + "." + name)
        .collect(Collectors.toUnmodifiableSet());
  }
}
