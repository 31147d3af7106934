package io.nbd4j.uri;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An NBD URI, {@code SCHEME://[user@][host][:port][/export][?query]}, in the form that libnbd 1.24
 * understands.
 *
 * <p>Checks happen in two steps, so that the caller can put its own between them, as libnbd does:
 * {@link #parse} does the syntax, the scheme and the {@code ://}; then the caller looks whether the
 * transport, TLS and local files are allowed; then {@link #validate} looks whether the parts fit
 * together. Text that is not ASCII has to be percent-encoded UTF-8.
 *
 * @param transport how the server is reached
 * @param tls whether TLS is required
 * @param user the TLS user name, null if absent
 * @param host the host, or the decimal CID for vsock; IPv6 without brackets; null if absent
 * @param port the port, 0 not being one; -1 if absent
 * @param export the export name, "" for the default one
 * @param socket the path of a Unix socket, null if absent
 * @param tlsCertificates the directory of X.509 files, null if absent
 * @param tlsPskFile the file of pre-shared keys, null if absent
 * @param tlsHostname the name to look for in the server's certificate, null if absent
 * @param tlsVerifyPeer whether the server's certificate is verified, null if the URI does not say
 */
public record NbdUri(
    Transport transport,
    boolean tls,
    @Nullable String user,
    @Nullable String host,
    int port,
    String export,
    @Nullable String socket,
    @Nullable String tlsCertificates,
    @Nullable String tlsPskFile,
    @Nullable String tlsHostname,
    @Nullable Boolean tlsVerifyPeer) {

  /** How the server is reached. */
  public enum Transport {
    /** TCP: scheme {@code nbd}. */
    TCP(""),
    /** A Unix domain socket: scheme {@code nbd+unix}. */
    UNIX("+unix"),
    /** A socket between a virtual machine and its host: scheme {@code nbd+vsock}. */
    VSOCK("+vsock"),
    /** A command run through ssh: scheme {@code nbd+ssh}. */
    SSH("+ssh");

    private final String suffix;

    Transport(String suffix) {
      this.suffix = suffix;
    }
  }

  private static final int DEFAULT_PORT = 10809;
  private static final int DEFAULT_SSH_PORT = 22;
  private static final int MAX_IP_PORT = 65535;
  private static final long MAX_CID = 0xffff_ffffL;
  private static final String DEFAULT_CID = "2";

  // What stays readable in each part; the first two as libnbd prints them.
  private static final String LITERAL_IN_USER = "!$&'()*+,;=:";
  private static final String LITERAL_IN_PATH = "!$&'()*+,;=@/";
  private static final String LITERAL_IN_HOST = "!$&'()*+,;=";
  private static final String LITERAL_IN_QUERY = "!$'()*+,=:@/?";

  private static final Set<String> TRUE = Set.of("1", "true", "t", "yes", "y", "on");
  private static final Set<String> FALSE = Set.of("0", "false", "f", "no", "n", "off");

  /** Checks the port. */
  public NbdUri {
    if (port < -1 || port == 0) {
      throw new IllegalArgumentException("port: " + port);
    }
  }

  /**
   * Whether a text begins like an NBD URI; nothing else is looked at.
   *
   * @param text any text
   * @return whether it has one of the eight schemes and {@code ://}, in either case
   */
  public static boolean isUri(String text) {
    int end = text.indexOf("://");
    return end > 0 && Scheme.of(text.substring(0, end)) != null;
  }

  /**
   * Parses a URI, and does the checks that come before those of the caller.
   *
   * @param text the URI
   * @return its parts, which may not fit together before {@link #validate}
   * @throws NbdUriException if it is not a URI, or its scheme is missing or not one of NBD, or no
   *     {@code ://} follows, or {@code tls-verify-peer} is not a boolean
   */
  public static NbdUri parse(String text) throws NbdUriException {
    return parse(text, EnumSet.allOf(Transport.class));
  }

  /**
   * Parses like {@link #parse(String)}, for a caller that does not allow all transports: a text
   * without a scheme is then not met with the advice to use one that is not allowed. This is all
   * that the set is used for.
   *
   * @param text the URI
   * @param allowed the transports that the caller will allow
   * @return its parts, which may not fit together before {@link #validate}
   * @throws NbdUriException as {@link #parse(String)}
   */
  public static NbdUri parse(String text, Set<Transport> allowed) throws NbdUriException {
    UriParts parts = UriParts.of(text);
    if (parts.scheme() == null) {
      throw new NbdUriException(schemeMissing(text, allowed));
    }
    Scheme scheme = Scheme.of(parts.scheme());
    if (scheme == null) {
      throw new NbdUriException("unknown NBD URI scheme: " + parts.scheme());
    }
    if (!parts.hasAuthority()) {
      throw new NbdUriException("URI must begin with '" + scheme.name() + "://'");
    }
    Map<String, String> query = parts.query();
    return new NbdUri(
        scheme.transport(),
        scheme.tls(),
        parts.user(),
        parts.host(),
        parts.port() == 0 ? -1 : parts.port(),
        parts.path().isEmpty() ? "" : parts.path().substring(1),
        query.get("socket"),
        query.get("tls-certificates"),
        query.get("tls-psk-file"),
        query.get("tls-hostname"),
        verifyPeer(query.get("tls-verify-peer")));
  }

  /**
   * Checks that the parts fit together: a Unix socket where the transport needs one and nowhere
   * else, then a CID that is a number, an ssh host, and a TCP port in range. An ssh host that
   * begins with a minus is refused: ssh would take it as an option.
   *
   * @throws NbdUriException if they do not
   */
  public void validate() throws NbdUriException {
    switch (transport) {
      case UNIX -> {
        if (socket == null) {
          throw new NbdUriException("cannot parse socket parameter from NBD URI " + didYouMean());
        }
      }
      case TCP, VSOCK -> {
        if (socket != null) {
          throw new NbdUriException(
              "socket parameter is incompatible with \"" + scheme() + ":\" " + didYouMean());
        }
      }
      case SSH -> {
        if (host == null || host.startsWith("-")) {
          throw new NbdUriException(
              "cannot parse ssh host from NBD URI: " + (host == null ? "" : host));
        }
      }
    }
    if (transport == Transport.VSOCK) {
      cid();
    } else if (transport != Transport.UNIX && port > MAX_IP_PORT) {
      throw new NbdUriException("port number out of range in NBD URI: " + port);
    }
  }

  /**
   * The scheme, in lower case.
   *
   * @return for example {@code nbds+unix}
   */
  public String scheme() {
    return Scheme.name(transport, tls);
  }

  /**
   * The host, or what stands for it if it is absent.
   *
   * @return the host; {@code 2} for vsock without one, else {@code localhost}
   */
  public String hostOrDefault() {
    if (host != null) {
      return host;
    }
    return transport == Transport.VSOCK ? DEFAULT_CID : "localhost";
  }

  /**
   * The port, or what stands for it if it is absent.
   *
   * @return the port; 22 for ssh without one, else 10809
   */
  public int portOrDefault() {
    if (port != -1) {
      return port;
    }
    return transport == Transport.SSH ? DEFAULT_SSH_PORT : DEFAULT_PORT;
  }

  /**
   * The number of the virtual machine, for vsock.
   *
   * @return the CID, unsigned 32 bits
   * @throws NbdUriException if the host is not such a number in decimal
   */
  public long cid() throws NbdUriException {
    String text = hostOrDefault();
    boolean decimal = text.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!decimal || text.length() > 10 || Long.parseLong(text) > MAX_CID) {
      throw new NbdUriException("cannot parse vsock CID from NBD URI: " + text);
    }
    return Long.parseLong(text);
  }

  /**
   * The canonical form: TCP and vsock always with host and port, Unix sockets never. It reads back
   * as an equal URI, but for those defaults. Unlike libnbd 1.14 it encodes characters in query
   * values that would not read back.
   *
   * @return the URI
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(scheme()).append("://");
    if (user != null && !user.isEmpty()) {
      text.append(Percent.encode(user, LITERAL_IN_USER)).append('@');
    }
    switch (transport) {
      case UNIX -> {}
      case TCP, VSOCK -> text.append(hostInUri()).append(':').append(portOrDefault());
      case SSH -> text.append(host == null ? "" : hostInUri()).append(port == -1 ? "" : ":" + port);
    }
    text.append('/').append(Percent.encode(export, LITERAL_IN_PATH));

    appendQuery(text, "socket", socket);
    appendQuery(text, "tls-certificates", tlsCertificates);
    appendQuery(text, "tls-psk-file", tlsPskFile);
    appendQuery(text, "tls-hostname", tlsHostname);
    appendQuery(text, "tls-verify-peer", Boolean.FALSE.equals(tlsVerifyPeer) ? "false" : null);
    return text.toString();
  }

  private String hostInUri() {
    String name = hostOrDefault();
    return name.indexOf(':') < 0
        ? Percent.encode(name, LITERAL_IN_HOST)
        : "[" + Percent.encode(name, LITERAL_IN_HOST + ":") + "]";
  }

  private static void appendQuery(StringBuilder text, String name, @Nullable String value) {
    if (value != null) {
      // No part before the query has a question mark that is not encoded.
      text.append(text.indexOf("?") < 0 ? '?' : '&').append(name).append('=');
      text.append(Percent.encode(value, LITERAL_IN_QUERY));
    }
  }

  private String didYouMean() {
    return "(did you mean to use \"" + Scheme.name(Transport.UNIX, tls) + ":///?socket=...\"?)";
  }

  private static String schemeMissing(String text, Set<Transport> allowed) {
    String message =
        "NBD URI does not have a scheme: valid NBD URIs should start with a scheme like nbd://, nbds:// or"
            + " nbd+unix://";
    if (text.startsWith("/") && allowed.contains(Transport.UNIX)) {
      return message + ": to open a local socket use \"nbd+unix://?socket=PATH\"";
    }
    if (text.toLowerCase(Locale.ROOT).startsWith("localhost") && allowed.contains(Transport.TCP)) {
      return message + ": to open a local port use \"nbd://localhost\" or \"nbd://localhost:PORT\"";
    }
    return message;
  }

  private static @Nullable Boolean verifyPeer(@Nullable String value) throws NbdUriException {
    if (value == null) {
      return null;
    }
    String word = value.toLowerCase(Locale.ROOT);
    if (TRUE.contains(word)) {
      return true;
    }
    if (FALSE.contains(word)) {
      return false;
    }
    throw new NbdUriException("cannot parse tls-verify-peer parameter from NBD URI: " + value);
  }

  /** One of the eight schemes. */
  private record Scheme(Transport transport, boolean tls) {
    static @Nullable Scheme of(String text) {
      String lower = text.toLowerCase(Locale.ROOT);
      for (Transport transport : Transport.values()) {
        for (boolean tls : new boolean[] {false, true}) {
          if (lower.equals(name(transport, tls))) {
            return new Scheme(transport, tls);
          }
        }
      }
      return null;
    }

    static String name(Transport transport, boolean tls) {
      return (tls ? "nbds" : "nbd") + transport.suffix;
    }

    String name() {
      return name(transport, tls);
    }
  }
}
