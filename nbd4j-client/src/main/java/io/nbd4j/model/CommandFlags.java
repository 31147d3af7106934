package io.nbd4j.model;

/**
 * The flags of a command: a value over 32 bits, unknown ones included.
 *
 * @param bits the bits as libnbd numbers them
 */
public record CommandFlags(int bits) {

  /** No flag. */
  public static final CommandFlags NONE = new CommandFlags(0);

  /** Force unit access: the data is on stable storage when the command ends. */
  public static final CommandFlags FUA = new CommandFlags(1);

  /** Writing zeroes must not make a hole. */
  public static final CommandFlags NO_HOLE = new CommandFlags(2);

  /** A read must not be fragmented into several pieces. */
  public static final CommandFlags DF = new CommandFlags(4);

  /** Report one extent only, and not past the end of the request. */
  public static final CommandFlags REQ_ONE = new CommandFlags(8);

  /** Write zeroes only if that is faster than writing data, and fail with ENOTSUP otherwise. */
  public static final CommandFlags FAST_ZERO = new CommandFlags(0x10);

  /** The length of the request is that of its payload (extended headers). */
  public static final CommandFlags PAYLOAD_LEN = new CommandFlags(0x20);

  /** All flags that are known. */
  public static final CommandFlags MASK = new CommandFlags(0x3f);

  /**
   * These flags and others together.
   *
   * @param others flags to add
   * @return the union
   */
  public CommandFlags and(CommandFlags others) {
    return new CommandFlags(bits | others.bits);
  }

  /**
   * Whether all of some flags are set.
   *
   * @param others the flags to look for
   * @return true if none is missing
   */
  public boolean contains(CommandFlags others) {
    return (bits & others.bits) == others.bits;
  }
}
