package io.nbd4j.testkit;

/** How a client gets to a server. */
public enum Way {
  /** The server is a subprocess that talks over its standard input and output. */
  COMMAND(Listening.NOT),
  /** The server is a subprocess started with systemd's socket activation. */
  ACTIVATION(Listening.NOT),
  /** A Unix socket, by its path. */
  UNIX(Listening.UNIX),
  /** A channel to a Unix socket that the caller connected. */
  SOCKET(Listening.UNIX),
  /** An {@code nbd+unix} URI. */
  UNIX_URI(Listening.UNIX),
  /** TCP to an IPv4 address. */
  IPV4(Listening.IPV4),
  /** TCP to an IPv6 address. */
  IPV6(Listening.IPV6),
  /** TCP to a host by its name, which may stand for several addresses. */
  HOST_NAME(Listening.IPV4),
  /** An {@code nbd} URI. */
  TCP_URI(Listening.IPV4);

  /** Where the server has to listen. */
  public enum Listening {
    NOT,
    UNIX,
    IPV4,
    IPV6
  }

  private final Listening listening;

  Way(Listening listening) {
    this.listening = listening;
  }

  public Listening listening() {
    return listening;
  }
}
