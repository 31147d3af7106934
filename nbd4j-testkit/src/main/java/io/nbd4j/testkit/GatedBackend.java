package io.nbd4j.testkit;

import io.nbd4j.server.NbdServer;
import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.backend.Capability;
import io.nbd4j.server.backend.MemoryBackend;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** An export whose reads wait until the test opens a gate. The beginning may always be read. */
public final class GatedBackend implements Backend {

  /** The offset from which on reads wait. */
  public static final int GATED = 1 << 20;

  /** The size of the export in bytes. */
  public static final int SIZE = 8 << 20;

  private final MemoryBackend content = new MemoryBackend(SIZE);
  private final CountDownLatch gate = new CountDownLatch(1);
  private final AtomicInteger waiting = new AtomicInteger();

  /** Makes an export whose bytes tell their place. */
  public GatedBackend() throws IOException {
    ByteBuffer all = ByteBuffer.allocate(SIZE);
    while (all.hasRemaining()) {
      all.put(byteAt(all.position()));
    }
    content.write(all.flip(), 0, false);
  }

  /** What the export holds at an offset. */
  public static byte byteAt(long offset) {
    return (byte) (offset * 31 + (offset >> 8) * 17 + 1);
  }

  /** Serves the export on a free port of this machine. */
  public NbdServer serve() throws IOException {
    return NbdServer.builder().export("", this).listenTcp(Loopback.IPV4.port(0)).start();
  }

  /** The number of reads that have come to the gate so far. */
  public int waiting() {
    return waiting.get();
  }

  /** Lets the reads through, for good. */
  public void open() {
    gate.countDown();
  }

  @Override
  public long size() {
    return SIZE;
  }

  @Override
  public Set<Capability> capabilities() {
    return content.capabilities();
  }

  @Override
  public void read(ByteBuffer target, long offset) throws IOException {
    if (offset >= GATED) {
      waiting.incrementAndGet();
      try {
        gate.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException();
      }
    }
    content.read(target, offset);
  }

  @Override
  public void write(ByteBuffer source, long offset, boolean fua) throws IOException {
    content.write(source, offset, fua);
  }
}
