package io.nbd4j.engine.transfer;

import java.nio.ByteBuffer;

/** Fills buffers with zeroes. */
public final class Zeroes {

  private static final ByteBuffer SOURCE = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

  private Zeroes() {}

  /** Stores zeroes from position to limit, neither of which moves. */
  public static void fill(ByteBuffer target) {
    int limit = target.limit();
    for (int at = target.position(); at < limit; ) {
      int count = Math.min(SOURCE.capacity(), limit - at);
      target.put(at, SOURCE, 0, count);
      at += count;
    }
  }
}
