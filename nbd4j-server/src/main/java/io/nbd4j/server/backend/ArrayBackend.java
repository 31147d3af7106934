package io.nbd4j.server.backend;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/** An array as an export. */
final class ArrayBackend implements Backend {
  private static final Set<Capability> CAPABILITIES =
      Set.copyOf(
          EnumSet.of(
              Capability.WRITE,
              Capability.FLUSH,
              Capability.FUA,
              Capability.FAST_ZERO,
              Capability.CACHE,
              Capability.MULTI_CONN));

  private final byte[] content;

  ArrayBackend(byte[] content) {
    this.content = content;
  }

  @Override
  public long size() {
    return content.length;
  }

  @Override
  public Set<Capability> capabilities() {
    return CAPABILITIES;
  }

  @Override
  public boolean mayBlock() {
    return false;
  }

  @Override
  public void read(ByteBuffer target, long offset) {
    target.put(content, Math.toIntExact(offset), target.remaining());
  }

  @Override
  public void write(ByteBuffer source, long offset, boolean fua) {
    source.get(content, Math.toIntExact(offset), source.remaining());
  }

  @Override
  public void zero(long offset, long length, ZeroOptions options) {
    Arrays.fill(content, Math.toIntExact(offset), Math.toIntExact(offset + length), (byte) 0);
  }
}
