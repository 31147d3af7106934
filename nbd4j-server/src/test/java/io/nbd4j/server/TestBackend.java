package io.nbd4j.server;

import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.backend.BlockSizes;
import io.nbd4j.server.backend.Capability;
import io.nbd4j.server.backend.MemoryBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** A backend in memory that may block, cannot do FUA itself, and tells what happened to it. */
class TestBackend implements Backend {
  final AtomicInteger flushes = new AtomicInteger();
  final AtomicInteger closes = new AtomicInteger();
  private final MemoryBackend content;
  private final int block;

  TestBackend(long size, int block) {
    this.content = new MemoryBackend(size);
    this.block = block;
  }

  @Override
  public long size() {
    return content.size();
  }

  @Override
  public BlockSizes blockSizes() {
    return new BlockSizes(block, 4096, 1 << 25);
  }

  @Override
  public Set<Capability> capabilities() {
    return Set.of(Capability.WRITE, Capability.FLUSH);
  }

  @Override
  public void read(ByteBuffer target, long offset) throws IOException {
    content.read(target, offset);
  }

  @Override
  public void write(ByteBuffer source, long offset, boolean fua) throws IOException {
    if (fua) {
      throw new AssertionError("FUA without the capability");
    }
    content.write(source, offset, false);
  }

  @Override
  public void flush() {
    flushes.incrementAndGet();
  }

  @Override
  public void close() {
    closes.incrementAndGet();
  }
}
