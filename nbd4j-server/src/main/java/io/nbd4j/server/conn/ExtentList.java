package io.nbd4j.server.conn;

import io.nbd4j.server.backend.ExtentSink;
import io.nbd4j.wire.BaseAllocation;
import java.util.Arrays;

/**
 * The extents of a block status reply: clipped to the request, merged, and cut only at multiples of
 * the minimum block size. A block whose parts differ has the properties that all of them have.
 */
final class ExtentList implements ExtentSink {
  /** A client asks again for what lies behind so many. */
  static final int MOST = 8192;

  private final long length;
  private final int minimum;
  private final int most;
  private long[] lengths;
  private byte[] flags;
  private int count;
  private long covered;
  private int partial;
  private int partialFlags;

  ExtentList(long length, int minimum, int most) {
    this.length = length;
    this.minimum = minimum;
    this.most = most;
    this.lengths = new long[Math.min(16, most)];
    this.flags = new byte[Math.min(16, most)];
  }

  @Override
  public boolean add(long extent, boolean hole, boolean zero) {
    if (extent <= 0) {
      throw new IllegalArgumentException("an extent of " + extent + " bytes");
    }
    int properties = (hole ? BaseAllocation.HOLE : 0) | (zero ? BaseAllocation.ZERO : 0);
    long left = Math.min(extent, length - covered);
    covered += left;
    if (partial > 0) {
      int step = (int) Math.min(left, minimum - partial);
      partialFlags &= properties;
      partial += step;
      left -= step;
      if (partial == minimum) {
        append(minimum, partialFlags);
        partial = 0;
      }
    }
    long whole = left - left % minimum;
    if (whole > 0) {
      append(whole, properties);
    }
    if (left > whole) {
      partial = (int) (left - whole);
      partialFlags = properties;
    }
    return covered < length && count <= most;
  }

  /** Ends the list. It is never empty: a backend that told nothing has data. */
  void finish() {
    if (partial > 0) {
      // Only the end of an export cuts a block; anywhere else the backend stopped early, and the
      // rest may be data.
      long rest = Math.min(minimum, length - (covered - partial));
      append(rest, rest == partial ? partialFlags : 0);
      partial = 0;
    }
    if (count == 0) {
      append(length, 0);
    }
    count = Math.min(count, most);
  }

  int count() {
    return count;
  }

  long length(int index) {
    return lengths[index];
  }

  int flags(int index) {
    return flags[index];
  }

  private void append(long extent, int properties) {
    if (count > 0 && flags[count - 1] == properties) {
      lengths[count - 1] += extent;
      return;
    }
    if (count > most) {
      return;
    }
    if (count == lengths.length) {
      lengths = Arrays.copyOf(lengths, 2 * count);
      flags = Arrays.copyOf(flags, 2 * count);
    }
    lengths[count] = extent;
    flags[count] = (byte) properties;
    count++;
  }
}
