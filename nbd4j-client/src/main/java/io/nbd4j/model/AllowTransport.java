package io.nbd4j.model;

/** The transports that a URI may ask for, as bits of a mask. */
public final class AllowTransport {

  /** TCP sockets. */
  public static final int TCP = 1;

  /** Unix sockets. */
  public static final int UNIX = 2;

  /** Virtual machine sockets. */
  public static final int VSOCK = 4;

  /** A tunnel through ssh. */
  public static final int SSH = 8;

  /** All of them. */
  public static final int MASK = 0xf;

  private AllowTransport() {}
}
