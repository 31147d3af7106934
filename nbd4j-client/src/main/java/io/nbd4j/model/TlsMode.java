package io.nbd4j.model;

/** Whether a connection uses TLS; the order is that of the numbers in C. */
public enum TlsMode {
  /** Never ask for TLS. */
  DISABLE,
  /** Ask for TLS, and go on without when the server refuses the option. */
  ALLOW,
  /** Fail unless TLS is in use. */
  REQUIRE
}
