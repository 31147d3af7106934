package io.nbd4j.uri;

import java.nio.charset.CharacterCodingException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a URI reference, RFC 3986 section 3. The JDK's own {@link java.net.URI} follows an
 * older standard, which has no place for some hosts, and keeps the authority in one piece if it
 * does not like it.
 *
 * @param scheme as written, null if there is none
 * @param hasAuthority whether {@code //} follows the scheme
 * @param user decoded, null if absent or empty
 * @param host decoded and without brackets, null if absent or empty
 * @param port 0 and above, -1 if absent
 * @param path decoded
 * @param query decoded values by lower-case name; of equal names the last counts
 */
record UriParts(
    @Nullable String scheme,
    boolean hasAuthority,
    @Nullable String user,
    @Nullable String host,
    int port,
    String path,
    Map<String, String> query) {

  // Percent signs are let through here and looked at when decoding: so each class is one loop
  // without recursion.
  private static final String SUB_DELIMS = "!$&'()*+,;=";
  private static final String NAME = "A-Za-z0-9._~%" + SUB_DELIMS + "-";
  private static final String AUTHORITY =
      "(?<authority>//)(?:(?<user>[:"
          + NAME
          + "]*)@)?(?:\\[(?<literal>[0-9A-Fa-f:.%][:"
          + NAME
          + "]*)\\]|(?<host>["
          + NAME
          + "]*))(?::(?<port>[0-9]+))?(?<path>(?:/[/:@"
          + NAME
          + "]*)?)";
  private static final String END =
      "(?:\\?(?<query>[/?:@" + NAME + "]*))?(?:#(?<fragment>[/?:@\\[\\]" + NAME + "]*))?";

  private static final Pattern ABSOLUTE =
      Pattern.compile(
          "(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?:"
              + AUTHORITY
              + "|(?!//)[/:@"
              + NAME
              + "]*)"
              + END);
  private static final Pattern RELATIVE =
      Pattern.compile("(?:" + AUTHORITY + "|(?!//)[@" + NAME + "]*(?:/[/:@" + NAME + "]*)?)" + END);

  /** Takes a URI reference apart. */
  static UriParts of(String text) throws NbdUriException {
    Matcher absolute = ABSOLUTE.matcher(text);
    try {
      if (absolute.matches()) {
        return parts(text, absolute, absolute.group("scheme"));
      }
      Matcher relative = RELATIVE.matcher(text);
      if (relative.matches()) {
        return parts(text, relative, null);
      }
    } catch (CharacterCodingException | NumberFormatException e) {
      throw unparsable(text, e);
    }
    throw unparsable(text, null);
  }

  private static UriParts parts(String text, Matcher matcher, @Nullable String scheme)
      throws CharacterCodingException {
    // Also finds a broken sequence in a part that is not used, such as the fragment.
    Percent.decode(text);
    String literal = matcher.group("literal");
    String port = matcher.group("port");
    String path = matcher.group("path");
    return new UriParts(
        scheme,
        matcher.group("authority") != null,
        decodeNonEmpty(matcher.group("user")),
        decodeNonEmpty(literal != null ? literal : matcher.group("host")),
        port == null ? -1 : Integer.parseInt(port),
        path == null ? "" : Percent.decode(path),
        query(matcher.group("query")));
  }

  private static @Nullable String decodeNonEmpty(@Nullable String part)
      throws CharacterCodingException {
    return part == null || part.isEmpty() ? null : Percent.decode(part);
  }

  /** A semicolon separates as well, but only behind the last ampersand. */
  private static Map<String, String> query(@Nullable String query) throws CharacterCodingException {
    Map<String, String> values = new HashMap<>();
    String rest = query == null ? "" : query;
    while (!rest.isEmpty()) {
      int end = rest.indexOf('&');
      if (end < 0) {
        end = rest.indexOf(';');
      }
      String item = end < 0 ? rest : rest.substring(0, end);
      rest = end < 0 ? "" : rest.substring(end + 1);
      int equals = item.indexOf('=');
      String name = equals < 0 ? item : item.substring(0, equals);
      if (!name.isEmpty()) {
        values.put(
            Percent.decode(name).toLowerCase(Locale.ROOT),
            equals < 0 ? "" : Percent.decode(item.substring(equals + 1)));
      }
    }
    return values;
  }

  private static NbdUriException unparsable(String text, @Nullable Exception cause) {
    NbdUriException exception = new NbdUriException("unable to parse URI: " + text);
    if (cause != null) {
      exception.initCause(cause);
    }
    return exception;
  }
}
