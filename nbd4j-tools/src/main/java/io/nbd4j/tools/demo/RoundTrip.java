package io.nbd4j.tools.demo;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;

/** Fills a whole export with random data, and reads it back. */
final class RoundTrip {
  /** The length of a request in bytes. */
  static final int REQUEST = 1 << 18;

  /** How many requests are in flight when reading. */
  static final int IN_FLIGHT = 16;

  private static final long SEED = 10809;

  private final NbdHandle handle;
  private final int size;
  private final byte[] written;
  private final ByteBuffer read;

  RoundTrip(NbdHandle handle) throws NbdException {
    this.handle = handle;
    this.size = Math.toIntExact(handle.getSize());
    this.written = new byte[size];
    this.read = ByteBuffer.allocateDirect(size);
    new SplittableRandom(SEED).nextBytes(written);
  }

  int size() {
    return size;
  }

  /** Writes with blocking calls. */
  void write() throws NbdException {
    for (int offset = 0; offset < size; offset += REQUEST) {
      handle.pwrite(ByteBuffer.wrap(written, offset, lengthAt(offset)), offset);
    }
    handle.flush();
  }

  /** Reads with many requests in flight. */
  void read() throws NbdException {
    AtomicInteger failure = new AtomicInteger();
    int offset = 0;
    while (offset < size || handle.aioInFlight() > 0) {
      while (offset < size && handle.aioInFlight() < IN_FLIGHT) {
        int length = lengthAt(offset);
        handle.aioPread(
            read.slice(offset, length),
            offset,
            error -> {
              failure.compareAndSet(0, error);
              return true;
            });
        offset += length;
      }
      handle.poll(-1);
    }
    if (failure.get() != 0) {
      throw new NbdException(failure.get(), "reading failed");
    }
  }

  /** The CRC-32C of what was written. */
  int checksumWritten() {
    return checksum(ByteBuffer.wrap(written));
  }

  /** The CRC-32C of what was read. */
  int checksumRead() {
    return checksum(read.duplicate());
  }

  private static int checksum(ByteBuffer data) {
    CRC32C checksum = new CRC32C();
    checksum.update(data);
    return (int) checksum.getValue();
  }

  private int lengthAt(int offset) {
    return Math.min(REQUEST, size - offset);
  }
}
