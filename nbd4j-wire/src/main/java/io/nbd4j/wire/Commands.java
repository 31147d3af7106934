package io.nbd4j.wire;

/** The request types of the transmission phase (16 bits). */
public final class Commands {
  /** Read data. */
  public static final int READ = 0;

  /** Write the data that follow the header. */
  public static final int WRITE = 1;

  /** Disconnect; there is no reply. */
  public static final int DISC = 2;

  /** Make all completed writes permanent. */
  public static final int FLUSH = 3;

  /** Say that a range is no longer needed. */
  public static final int TRIM = 4;

  /** Say that a range will be read soon. */
  public static final int CACHE = 5;

  /** Write zeroes without sending them. */
  public static final int WRITE_ZEROES = 6;

  /** Ask for the extents of a range. */
  public static final int BLOCK_STATUS = 7;

  /** Change the size of the export; experimental. */
  public static final int RESIZE = 8;

  private Commands() {}

  /**
   * The specification's name of a number, without its prefix; an unknown number is shown.
   *
   * @param type a request type
   * @return for example {@code WRITE_ZEROES}, or {@code unknown (77)}
   */
  public static String name(int type) {
    return switch (type) {
      case READ -> "READ";
      case WRITE -> "WRITE";
      case DISC -> "DISC";
      case FLUSH -> "FLUSH";
      case TRIM -> "TRIM";
      case CACHE -> "CACHE";
      case WRITE_ZEROES -> "WRITE_ZEROES";
      case BLOCK_STATUS -> "BLOCK_STATUS";
      case RESIZE -> "RESIZE";
      default -> Numbers.unknown(type);
    };
  }
}
