package io.nbd4j;

import io.nbd4j.engine.connect.Endpoint;
import io.nbd4j.engine.drive.Connection;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.model.AllowTransport;
import io.nbd4j.model.Errno;
import io.nbd4j.model.TlsMode;
import io.nbd4j.uri.NbdUri;
import io.nbd4j.uri.NbdUriException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** From URIs to connections and back. */
final class UriCalls {

  private final Connection connection;
  private final Settings settings;
  private final Negotiated negotiated;

  UriCalls(Connection connection) {
    this.connection = connection;
    this.settings = connection.settings();
    this.negotiated = connection.negotiated();
  }

  /** Checks a URI against the policy, takes over its settings, and says what to connect to. */
  Endpoint endpoint(String text) throws Failure {
    NbdUri uri;
    try {
      uri = NbdUri.parse(text, transports());
      permit(uri);
      uri.validate();
    } catch (NbdUriException e) {
      throw Failure.usage(Errno.EINVAL, String.valueOf(e.getMessage()));
    }
    localFile(uri.tlsCertificates(), "tls-certificates");
    localFile(uri.tlsPskFile(), "tls-psk-file");
    if (uri.tls()) {
      throw Failure.usage(Errno.ENOTSUP, "this version of the library has no TLS support");
    }
    Calls.checkLength(uri.export(), "export name");
    Endpoint endpoint =
        switch (uri.transport()) {
          case TCP -> new Endpoint.Tcp(uri.hostOrDefault(), Integer.toString(uri.portOrDefault()));
          case UNIX -> new Endpoint.Unix(String.valueOf(uri.socket()));
          case VSOCK ->
              throw Failure.usage(
                  Errno.ENOTSUP, "this version of the library has no vsock support");
          case SSH ->
              throw Failure.usage(Errno.ENOTSUP, "this version of the library has no ssh support");
        };
    connection.commands().lock.lock();
    try {
      settings.exportName = uri.export();
    } finally {
      connection.commands().lock.unlock();
    }
    return endpoint;
  }

  private Set<NbdUri.Transport> transports() {
    EnumSet<NbdUri.Transport> allowed = EnumSet.noneOf(NbdUri.Transport.class);
    for (NbdUri.Transport transport : NbdUri.Transport.values()) {
      if ((settings.uriTransports & bit(transport)) != 0) {
        allowed.add(transport);
      }
    }
    return allowed;
  }

  private static int bit(NbdUri.Transport transport) {
    return switch (transport) {
      case TCP -> AllowTransport.TCP;
      case UNIX -> AllowTransport.UNIX;
      case VSOCK -> AllowTransport.VSOCK;
      case SSH -> AllowTransport.SSH;
    };
  }

  private void permit(NbdUri uri) throws Failure {
    if ((settings.uriTransports & bit(uri.transport())) == 0) {
      throw Failure.usage(Errno.EPERM, "URI transport " + uri.scheme() + " is not permitted");
    }
    TlsMode forbidden = uri.tls() ? TlsMode.DISABLE : TlsMode.REQUIRE;
    if (settings.uriTls == forbidden) {
      throw Failure.usage(Errno.EPERM, "URI TLS setting " + uri.scheme() + " is not permitted");
    }
  }

  private void localFile(@Nullable String file, String key) throws Failure {
    if (file != null && !settings.uriLocalFile) {
      throw Failure.usage(
          Errno.EPERM,
          "local file access ("
              + key
              + ") is not allowed, call nbd_set_uri_allow_local_file to enable this");
    }
  }

  /** A URI for the connection; under the lock. */
  String current() throws Failure {
    return switch (connection.peer().endpoint()) {
      case Endpoint.Tcp(String host, String port) -> tcp(host, port);
      case Endpoint.Unix(String path) -> unix(path);
      case Endpoint.Address(UnixDomainSocketAddress address) -> unix(address.getPath().toString());
      case Endpoint.Address(InetSocketAddress address) ->
          tcp(address.getAddress().getHostAddress(), Integer.toString(address.getPort()));
      case Endpoint.Activation ignored when connection.peer().activationSocket() != null ->
          unix(connection.peer().activationSocket());
      case Endpoint.Address ignored ->
          throw Failure.usage(Errno.EAFNOSUPPORT, "address family is not supported in URIs");
      case Endpoint.Activation ignored -> throw none();
      case Endpoint.Command ignored -> throw none();
      case Endpoint.Socket ignored -> throw none();
      case null -> throw none();
    };
  }

  private static Failure none() {
    return Failure.usage(Errno.EINVAL, "cannot construct a URI for this connection type");
  }

  private String tcp(String host, String port) {
    int number = port.chars().allMatch(c -> c >= '0' && c <= '9') ? Integer.parseInt(port) : -1;
    return uri(NbdUri.Transport.TCP, host, number, null);
  }

  private String unix(@Nullable String path) {
    return uri(NbdUri.Transport.UNIX, null, -1, path);
  }

  private String uri(
      NbdUri.Transport transport, @Nullable String host, int port, @Nullable String socket) {
    return new NbdUri(
            transport,
            negotiated.tls || settings.tls == TlsMode.REQUIRE,
            null,
            host,
            port,
            settings.exportName,
            socket,
            null,
            null,
            null,
            null)
        .toString();
  }
}
