package io.nbd4j.engine.connect;

import io.nbd4j.wire.Limits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Port numbers by service name, which Java does not look up. */
final class Services {

  private static final Path DATABASE = Path.of("/etc/services");
  private static final int HIGHEST = 65535;

  private Services() {}

  /** The port number that the text stands for, or -1. */
  static int port(String text) {
    if (!text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      int port = text.length() > 5 ? HIGHEST + 1 : Integer.parseInt(text);
      return port <= HIGHEST ? port : -1;
    }
    if (text.equals("nbd")) {
      return Limits.DEFAULT_PORT;
    }
    List<String> lines;
    try {
      lines = Files.readAllLines(DATABASE, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return -1;
    }
    for (String line : lines) {
      int comment = line.indexOf('#');
      String[] words = (comment < 0 ? line : line.substring(0, comment)).trim().split("\\s+", -1);
      if (words.length < 2 || !words[1].endsWith("/tcp")) {
        continue;
      }
      for (int i = 0; i < words.length; i++) {
        if (i != 1 && words[i].equals(text)) {
          return Integer.parseInt(words[1].substring(0, words[1].indexOf('/')));
        }
      }
    }
    return -1;
  }
}
