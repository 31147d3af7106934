package io.nbd4j.model;

/** How a shutdown treats commands that were not sent yet, as bits of a mask. */
public final class ShutdownFlag {

  /** End the commands that were not started on the wire, with ENOTCONN. */
  public static final int ABANDON_PENDING = 0x10000;

  /** All of them. */
  public static final int MASK = 0x10000;

  private ShutdownFlag() {}
}
