package io.nbd4j.server.backend;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;

/** Another backend without any way to change it. */
public final class ReadOnly implements Backend {
  private final Backend backend;
  private final Set<Capability> capabilities;

  /**
   * Wraps a backend, and closes it when it is closed.
   *
   * @param backend what is read
   */
  public ReadOnly(Backend backend) {
    this.backend = backend;
    EnumSet<Capability> kept =
        EnumSet.of(
            Capability.CACHE, Capability.EXTENTS, Capability.MULTI_CONN, Capability.ROTATIONAL);
    kept.retainAll(backend.capabilities());
    this.capabilities = Set.copyOf(kept);
  }

  @Override
  public long size() {
    return backend.size();
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @Override
  public BlockSizes blockSizes() {
    return backend.blockSizes();
  }

  @Override
  public boolean mayBlock() {
    return backend.mayBlock();
  }

  @Override
  public void read(ByteBuffer target, long offset) throws IOException {
    backend.read(target, offset);
  }

  @Override
  public void cache(long offset, long length) throws IOException {
    backend.cache(offset, length);
  }

  @Override
  public void extents(long offset, long length, ExtentSink sink) throws IOException {
    backend.extents(offset, length, sink);
  }

  @Override
  public void close() throws IOException {
    backend.close();
  }
}
