package io.nbd4j.server.backend;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A buffer of zeroes that everyone shares. */
final class Zeroes {
  private static final ByteBuffer BUFFER = ByteBuffer.allocateDirect(1 << 18).asReadOnlyBuffer();

  private Zeroes() {}

  /** Zeroes a range with ordinary writes, each as large as the backend and the buffer allow. */
  static void write(Backend backend, long offset, long length, boolean fua) throws IOException {
    int most = Math.min(BUFFER.capacity(), backend.blockSizes().maximumPayload());
    for (long done = 0; done < length; ) {
      int step = (int) Math.min(most, length - done);
      backend.write(BUFFER.slice(0, step), offset + done, fua);
      done += step;
    }
  }

  /** Fills the next bytes of a buffer. */
  static void fill(ByteBuffer target, int count) {
    for (int left = count; left > 0; ) {
      int step = Math.min(left, BUFFER.capacity());
      target.put(target.position(), BUFFER, 0, step);
      target.position(target.position() + step);
      left -= step;
    }
  }
}
