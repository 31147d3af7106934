package io.nbd4j.testkit;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;

/** What an export should hold, and random buffers to write to it and read from it. */
final class Model {

  private static final int MARGIN = 33;
  private static final byte UNTOUCHED = 0x5a;

  private final byte[] content;
  private final SplittableRandom random;

  Model(int size, long seed) {
    content = new byte[size];
    random = new SplittableRandom(seed);
  }

  int size() {
    return content.length;
  }

  SplittableRandom random() {
    return random;
  }

  /** A range, as offset and length, in whole blocks. */
  record Range(int offset, int length) {}

  Range range(int most, int block) {
    int[] sizes = {1, 511, 512, 4096, 1 + random.nextInt(most)};
    int blocks = Math.ceilDiv(sizes[random.nextInt(sizes.length)], block);
    int length = Math.min(blocks * block, content.length);
    int offset = random.nextInt((content.length - length) / block + 1) * block;
    return new Range(offset, length);
  }

  /** A buffer with room around its remaining bytes, heap or direct or part of an array. */
  ByteBuffer buffer(int length) {
    int before = random.nextInt(MARGIN);
    int after = random.nextInt(MARGIN);
    int whole = before + length + after;
    ByteBuffer buffer =
        switch (random.nextInt(3)) {
          case 0 -> ByteBuffer.allocateDirect(whole);
          case 1 -> ByteBuffer.allocate(whole);
          default -> ByteBuffer.wrap(new byte[whole + MARGIN], 7, whole).slice();
        };
    for (int i = 0; i < before; i++) {
      buffer.put(i, UNTOUCHED);
    }
    for (int i = before + length; i < whole; i++) {
      buffer.put(i, UNTOUCHED);
    }
    return buffer.limit(before + length).position(before);
  }

  /** Fills a range with random bytes, and returns them in a buffer. */
  ByteBuffer write(Range range) {
    byte[] fresh = new byte[range.length];
    random.nextBytes(fresh);
    System.arraycopy(fresh, 0, content, range.offset, range.length);
    ByteBuffer buffer = buffer(range.length);
    return buffer.put(buffer.position(), fresh);
  }

  void zero(Range range) {
    Arrays.fill(content, range.offset, range.offset + range.length, (byte) 0);
  }

  boolean isZero(long offset, long length) {
    return ByteBuffer.wrap(content, (int) offset, (int) length)
            .mismatch(ByteBuffer.allocate((int) length))
        < 0;
  }

  /** Whether a buffer holds a range from one position on, and nothing was changed around it. */
  void check(ByteBuffer buffer, int start, Range range, String context) {
    if (buffer.position() != buffer.limit() || buffer.limit() != start + range.length) {
      throw new AssertionError(context + ": " + buffer + " after " + range);
    }
    int wrong =
        ByteBuffer.wrap(content, range.offset, range.length)
            .mismatch(buffer.slice(start, range.length));
    if (wrong >= 0) {
      throw new AssertionError(context + ": wrong byte at " + (range.offset + wrong));
    }
    ByteBuffer whole = buffer.duplicate().clear();
    checkUntouched(whole, 0, start, context);
    checkUntouched(whole, start + range.length, whole.limit(), context);
  }

  private static void checkUntouched(ByteBuffer buffer, int from, int until, String context) {
    for (int i = from; i < until; i++) {
      if (buffer.get(i) != UNTOUCHED) {
        throw new AssertionError(context + ": a byte outside the range was changed");
      }
    }
  }

  String sha256() {
    return hex(digest().digest(content));
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  static String hex(byte[] hash) {
    return HexFormat.of().formatHex(hash);
  }
}
