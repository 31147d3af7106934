package io.nbd4j.server.backend;

/**
 * The sizes of requests that a backend takes, in bytes.
 *
 * @param minimum offsets and lengths are multiples of this; a power of two, 65536 at most
 * @param preferred requests of this size, aligned to it, work best; a power of two, at least 512
 *     and the minimum
 * @param maximumPayload the most that one read or write carries; at least the preferred size, and a
 *     multiple of the minimum. The server's own limit applies as well.
 */
public record BlockSizes(int minimum, int preferred, int maximumPayload) {
  /** Any alignment, 4 KiB preferred, 32 MiB at most. */
  public static final BlockSizes DEFAULT = new BlockSizes(1, 4096, 1 << 25);

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if one breaks its rule
   */
  public BlockSizes {
    if (Integer.bitCount(minimum) != 1 || minimum < 1 || minimum > 65536) {
      throw new IllegalArgumentException("minimum block size " + minimum);
    }
    if (Integer.bitCount(preferred) != 1 || preferred < Math.max(512, minimum)) {
      throw new IllegalArgumentException("preferred block size " + preferred);
    }
    if (maximumPayload < preferred || maximumPayload % minimum != 0) {
      throw new IllegalArgumentException("maximum payload " + maximumPayload);
    }
  }
}
