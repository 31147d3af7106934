package io.nbd4j.tools.info;

import io.nbd4j.tools.cli.ByteSize;
import io.nbd4j.tools.cli.JsonText;
import io.nbd4j.tools.info.ExportInfo.Block;
import io.nbd4j.tools.info.ExportInfo.Flag;
import org.jspecify.annotations.Nullable;

/** The report for people. */
final class TextReport {
  private final StringBuilder text = new StringBuilder();

  private TextReport() {}

  static String of(ServerInfo server) {
    TextReport report = new TextReport();
    report.header(server);
    server.exports().forEach(report::export);
    return report.text.toString();
  }

  private void header(ServerInfo server) {
    text.append("protocol: ")
        .append(server.protocol())
        .append(server.tls() ? " with" : " without")
        .append(" TLS, using ")
        .append(server.extended() ? "extended" : server.structured() ? "structured" : "simple")
        .append(" packets\n");
  }

  private void export(ExportInfo export) {
    text.append("export=").append(JsonText.quoted(export.name())).append(":\n");
    line("description", export.description());
    line("export-size", export.size() == null ? "unavailable" : withHuman(export.size()));
    line("content", export.content());
    line("uri", export.uri());
    if (!export.contexts().isEmpty()) {
      text.append("\tcontexts:\n");
      for (String context : export.contexts()) {
        text.append("\t\t").append(context).append('\n');
      }
    }
    for (Flag flag : export.flags()) {
      line(flag.name(), Boolean.toString(flag.value()));
    }
    for (Block size : export.blockSizes()) {
      line(size.name(), withHuman(size.bytes()));
    }
  }

  private void line(String name, @Nullable String value) {
    if (value != null) {
      text.append('\t').append(name).append(": ").append(value).append('\n');
    }
  }

  private static String withHuman(long bytes) {
    String plain = Long.toString(bytes);
    String human = ByteSize.human(bytes);
    return human.equals(plain) ? plain : plain + " (" + human + ")";
  }
}
