package io.nbd4j.model;

/** The checks that a handle makes before it sends a command, as bits of a mask. */
public final class StrictMode {

  /** Refuse what the server has not advertised. */
  public static final int COMMANDS = 1;

  /** Refuse command flags that are unknown or do not belong to the command. */
  public static final int FLAGS = 2;

  /** Refuse a range that runs past the end of the export. */
  public static final int BOUNDS = 4;

  /** Refuse a command on no bytes at all. */
  public static final int ZERO_SIZE = 8;

  /** Refuse a range that is not aligned to the minimum block size. */
  public static final int ALIGN = 0x10;

  /** Refuse a payload larger than the server takes. */
  public static final int PAYLOAD = 0x20;

  /** Not a check: set the payload-length flag as the protocol in use needs it. */
  public static final int AUTO_FLAG = 0x40;

  /** All of them. */
  public static final int MASK = 0x7f;

  private StrictMode() {}
}
