package io.nbd4j.tools.cli;

import java.util.HexFormat;

/** Strings of JSON. */
public final class JsonText {
  private JsonText() {}

  /** The text in quotes, with quotes, backslashes and control characters escaped. */
  public static String quoted(String text) {
    StringBuilder json = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> json.append('\\').append(c);
        default -> {
          if (c < ' ') {
            json.append("\\u").append(HexFormat.of().toHexDigits(c));
          } else {
            json.append(c);
          }
        }
      }
    }
    return json.append('"').toString();
  }
}
