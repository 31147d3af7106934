package io.nbd4j.wire;

/**
 * The types of information about an export, in INFO and GO requests and in INFO replies (16 bits).
 */
public final class InfoTypes {
  /** Size and transmission flags; always sent. */
  public static final int EXPORT = 0;

  /** The canonical name. */
  public static final int NAME = 1;

  /** A text for people. */
  public static final int DESCRIPTION = 2;

  /** The limits for sizes and alignment of requests. */
  public static final int BLOCK_SIZE = 3;

  private InfoTypes() {}

  /**
   * The specification's name of a number, without its prefix; an unknown number is shown.
   *
   * @param type an info type
   * @return for example {@code BLOCK_SIZE}, or {@code unknown (77)}
   */
  public static String name(int type) {
    return switch (type) {
      case EXPORT -> "EXPORT";
      case NAME -> "NAME";
      case DESCRIPTION -> "DESCRIPTION";
      case BLOCK_SIZE -> "BLOCK_SIZE";
      default -> Numbers.unknown(type);
    };
  }
}
