package io.nbd4j.tools.info;

import io.nbd4j.tools.cli.ByteSize;
import io.nbd4j.tools.cli.JsonText;
import io.nbd4j.tools.info.ExportInfo.Block;
import io.nbd4j.tools.info.ExportInfo.Flag;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The report for programs, laid out as nbdinfo does. */
final class JsonReport {
  private JsonReport() {}

  static String of(ServerInfo server) {
    String exports =
        server.exports().isEmpty()
            ? "[]"
            : server.exports().stream()
                .map(JsonReport::export)
                .collect(Collectors.joining(",\n", "[\n", " ]"));
    List<String> members = new ArrayList<>();
    members.add(member("protocol", JsonText.quoted(server.protocol())));
    members.add(member("TLS", server.tls()));
    members.add(member("structured", server.structured()));
    members.add(member("extended", server.extended()));
    members.add(member("exports", exports));
    return "{\n" + String.join(",\n", members) + "\n}\n";
  }

  private static String export(ExportInfo export) {
    List<String> members = new ArrayList<>();
    members.add(member("export-name", JsonText.quoted(export.name())));
    addText(members, "description", export.description());
    addText(members, "content", export.content());
    addText(members, "uri", export.uri());
    if (!export.contexts().isEmpty()) {
      members.add(
          member(
              "contexts",
              export.contexts().stream()
                  .map(context -> "\t\t" + JsonText.quoted(context))
                  .collect(Collectors.joining(",\n", "[\n", "\n\t]"))));
    }
    for (Flag flag : export.flags()) {
      members.add(member(flag.name(), flag.value()));
    }
    for (Block size : export.blockSizes()) {
      members.add(member(size.name(), size.bytes()));
    }
    if (export.size() != null) {
      members.add(member("export-size", export.size()));
      addText(members, "export-size-str", ByteSize.human(export.size()));
    } else {
      addText(members, "export-size-str", "unavailable");
    }
    return members.stream().collect(Collectors.joining(",\n\t", "\t{\n\t", "\n\t}"));
  }

  private static void addText(List<String> members, String name, @Nullable String value) {
    if (value != null) {
      members.add(member(name, JsonText.quoted(value)));
    }
  }

  private static String member(String name, Object value) {
    return "\"" + name + "\": " + value;
  }
}
