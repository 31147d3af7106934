package io.nbd4j.wire;

/** The types of reply chunks (16 bits). Errors have bit 15 set. */
public final class ChunkTypes {
  /** No content; only marks the end. */
  public static final int NONE = 0;

  /** Data that were read. */
  public static final int OFFSET_DATA = 1;

  /** A range that reads as zeroes. */
  public static final int OFFSET_HOLE = 2;

  /** Extents with 32-bit lengths and flags. */
  public static final int BLOCK_STATUS = 5;

  /** Extents with 64-bit lengths and flags; only with extended headers. */
  public static final int BLOCK_STATUS_EXT = 6;

  /** The request failed. */
  public static final int ERROR = 0x8001;

  /** The request failed at a known offset. */
  public static final int ERROR_OFFSET = 0x8002;

  private ChunkTypes() {}

  /**
   * The specification's name of a number, without its prefix; an unknown number is shown.
   *
   * @param type a chunk type
   * @return for example {@code ERROR_OFFSET}, or {@code unknown (77)}
   */
  public static String name(int type) {
    return switch (type) {
      case NONE -> "NONE";
      case OFFSET_DATA -> "OFFSET_DATA";
      case OFFSET_HOLE -> "OFFSET_HOLE";
      case BLOCK_STATUS -> "BLOCK_STATUS";
      case BLOCK_STATUS_EXT -> "BLOCK_STATUS_EXT";
      case ERROR -> "ERROR";
      case ERROR_OFFSET -> "ERROR_OFFSET";
      default -> Numbers.unknown(type);
    };
  }

  /**
   * Whether a chunk type means failure: bit 15, known number or not.
   *
   * @param type a chunk type
   * @return whether it is an error
   */
  public static boolean isError(int type) {
    return (type & 0x8000) != 0;
  }
}
