package io.nbd4j.wire;

/** The sizes and bounds of the protocol. All lengths are in bytes. */
public final class Limits {
  /** The longest string. */
  public static final int MAX_STRING = 4096;

  /** The largest READ or WRITE payload if the server tells no other. */
  public static final int DEFAULT_MAX_PAYLOAD = 1 << 25;

  /** The preferred block size if the server tells no other. */
  public static final int DEFAULT_PREFERRED_BLOCK = 4096;

  /** A maximum payload that stands for no limit. */
  public static final long UNLIMITED_PAYLOAD = 0xffff_ffffL;

  /** The longest range that a request without an extended header can name. */
  public static final long MAX_COMPACT_LENGTH = 0xffff_ffffL;

  /** The largest minimum block size; a minimum is a power of two. */
  public static final int MAX_MINIMUM_BLOCK = 65536;

  /**
   * The least preferred block size; a preferred size is a power of two, and not below the minimum.
   */
  public static final int MIN_PREFERRED_BLOCK = 512;

  /** The length up to which a server has to honour the DF flag. */
  public static final int DF_GUARANTEED = 65536;

  /** The number of extents at which a server should end a chunk. */
  public static final int MAX_EXTENTS = 1 << 20;

  /** The length of everything an oldstyle server sends before the transmission. */
  public static final int OLDSTYLE_HEADER = 152;

  /** The length of the header of an option request. */
  public static final int OPTION_REQUEST_HEADER = 16;

  /** The length of the header of an option reply. */
  public static final int OPTION_REPLY_HEADER = 20;

  /** The length of the answer to EXPORT_NAME: size and transmission flags. */
  public static final int EXPORT_NAME_REPLY = 10;

  /**
   * The length of the zeroes after the answer to EXPORT_NAME, unless both sides agreed on
   * NO_ZEROES.
   */
  public static final int EXPORT_NAME_ZEROES = 124;

  /** The TCP port. */
  public static final int DEFAULT_PORT = 10809;

  private Limits() {}
}
