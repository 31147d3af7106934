package io.nbd4j.model;

/** The handshake flags that a client may agree to, as bits of a mask. */
public final class HandshakeFlag {

  /** Options other than the export name can be negotiated. */
  public static final int FIXED_NEWSTYLE = 1;

  /** No zero padding after the answer to the old export name option. */
  public static final int NO_ZEROES = 2;

  /** All of them. */
  public static final int MASK = 3;

  private HandshakeFlag() {}
}
