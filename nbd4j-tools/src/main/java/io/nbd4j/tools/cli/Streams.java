package io.nbd4j.tools.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Where a tool prints. */
public record Streams(PrintStream out, PrintStream err) {
  /** Standard output and error, in UTF-8 whatever the locale: names on the wire are UTF-8. */
  public static Streams standard() {
    return new Streams(
        new PrintStream(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)),
            false,
            StandardCharsets.UTF_8),
        new PrintStream(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.err)),
            true,
            StandardCharsets.UTF_8));
  }
}
