package io.nbd4j.wire;

/**
 * The error numbers of the protocol. They are constants of the protocol, whatever the platform
 * calls them; any other number counts as EINVAL.
 */
public final class WireErrors {
  /** Not permitted, for example on a read-only export. */
  public static final int EPERM = 1;

  /** The storage failed. */
  public static final int EIO = 5;

  /** The server is out of memory. */
  public static final int ENOMEM = 12;

  /** The request is invalid. */
  public static final int EINVAL = 22;

  /** The storage is full. */
  public static final int ENOSPC = 28;

  /** The answer is too large, for example for the DF flag. */
  public static final int EOVERFLOW = 75;

  /** Not supported, for example no fast way to zero. */
  public static final int ENOTSUP = 95;

  /** The server is shutting down; the client has to leave. */
  public static final int ESHUTDOWN = 108;

  private WireErrors() {}

  /**
   * The specification's name of a number, without its prefix; an unknown number is shown.
   *
   * @param error an error number
   * @return for example {@code ENOTSUP}, or {@code unknown (77)}
   */
  public static String name(int error) {
    return switch (error) {
      case EPERM -> "EPERM";
      case EIO -> "EIO";
      case ENOMEM -> "ENOMEM";
      case EINVAL -> "EINVAL";
      case ENOSPC -> "ENOSPC";
      case EOVERFLOW -> "EOVERFLOW";
      case ENOTSUP -> "ENOTSUP";
      case ESHUTDOWN -> "ESHUTDOWN";
      default -> Numbers.unknown(error);
    };
  }
}
