package io.nbd4j.model;

/** What a handle waits for, as bits of a mask. */
public final class Direction {

  /** The handle waits for bytes from the server. */
  public static final int READ = 1;

  /** The handle waits for room to send. */
  public static final int WRITE = 2;

  /** Both. */
  public static final int BOTH = 3;

  private Direction() {}
}
