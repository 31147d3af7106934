package io.nbd4j.server.backend;

import io.nbd4j.wire.WireErrors;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An export in the heap, in pages of 32 KiB. Only pages that were written take memory, so the size
 * may be terabytes. Zeroing and trimming whole pages gives their memory back.
 */
public final class MemoryBackend implements Backend {
  private static final Set<Capability> CAPABILITIES =
      Set.copyOf(
          EnumSet.of(
              Capability.WRITE,
              Capability.FLUSH,
              Capability.FUA,
              Capability.TRIM,
              Capability.FAST_ZERO,
              Capability.CACHE,
              Capability.EXTENTS,
              Capability.MULTI_CONN));

  private final long size;
  private final long mostPages;
  private final PageTree pages;
  private final AtomicLong pageCount = new AtomicLong();

  /**
   * Creates an export that reads as zeroes. What it stores is limited to three quarters of the
   * largest heap.
   *
   * @param size its size in bytes, 0 or more
   * @throws IllegalArgumentException if the size is negative
   */
  public MemoryBackend(long size) {
    this(size, Runtime.getRuntime().maxMemory() / 4 * 3);
  }

  /**
   * Creates an export that reads as zeroes.
   *
   * @param size its size in bytes, 0 or more
   * @param mostStored the memory that its pages may take, in bytes; a write that needs more fails
   *     with ENOSPC
   * @throws IllegalArgumentException if one of them is negative
   */
  public MemoryBackend(long size, long mostStored) {
    if (size < 0 || mostStored < 0) {
      throw new IllegalArgumentException("size " + size + ", stored at most " + mostStored);
    }
    this.size = size;
    this.mostPages = mostStored >>> PageTree.PAGE_BITS;
    this.pages = new PageTree((size >>> PageTree.PAGE_BITS) + 1);
  }

  /**
   * An export over an array: what clients write is seen in the array, and the other way round.
   *
   * @param content the array, which is not copied
   * @return the export
   */
  public static Backend of(byte[] content) {
    return new ArrayBackend(content);
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public Set<Capability> capabilities() {
    return CAPABILITIES;
  }

  @Override
  public boolean mayBlock() {
    return false;
  }

  /**
   * The memory that pages take now.
   *
   * @return bytes
   */
  public long stored() {
    return pageCount.get() << PageTree.PAGE_BITS;
  }

  @Override
  public void read(ByteBuffer target, long offset) {
    check(offset, target.remaining());
    for (long at = offset; target.hasRemaining(); ) {
      int within = within(at);
      int step = Math.min(target.remaining(), PageTree.PAGE_SIZE - within);
      byte[] page = pages.get(page(at));
      if (page == null) {
        Zeroes.fill(target, step);
      } else {
        target.put(page, within, step);
      }
      at += step;
    }
  }

  @Override
  public void write(ByteBuffer source, long offset, boolean fua) throws BackendException {
    check(offset, source.remaining());
    for (long at = offset; source.hasRemaining(); ) {
      int within = within(at);
      int step = Math.min(source.remaining(), PageTree.PAGE_SIZE - within);
      source.get(allocated(page(at)), within, step);
      at += step;
    }
  }

  @Override
  public void trim(long offset, long length, boolean fua) {
    check(offset, length);
    punch(offset, length);
  }

  @Override
  public void zero(long offset, long length, ZeroOptions options) throws BackendException {
    check(offset, length);
    if (options.mayPunch()) {
      punch(offset, length);
      return;
    }
    for (long at = offset; at < offset + length; ) {
      int within = within(at);
      int step = (int) Math.min(offset + length - at, PageTree.PAGE_SIZE - within);
      Arrays.fill(allocated(page(at)), within, within + step, (byte) 0);
      at += step;
    }
  }

  @Override
  public void extents(long offset, long length, ExtentSink sink) {
    check(offset, length);
    long end = offset + length;
    long endPage = page(end - 1) + 1;
    for (long at = offset; at < end; ) {
      boolean hole = pages.get(page(at)) == null;
      long next = hole ? pages.nextPage(page(at), endPage) : pages.nextHole(page(at) + 1, endPage);
      long until = next == endPage ? end : next << PageTree.PAGE_BITS;
      // The page may have come or gone between the two looks.
      if (until > at && !sink.add(until - at, hole, hole)) {
        return;
      }
      at = Math.max(at, until);
    }
  }

  private void punch(long offset, long length) {
    long end = offset + length;
    for (long at = offset; at < end; ) {
      long page = pages.nextPage(page(at), page(end - 1) + 1);
      at = Math.max(at, page << PageTree.PAGE_BITS);
      if (at >= end) {
        return;
      }
      int within = within(at);
      int step = (int) Math.min(end - at, PageTree.PAGE_SIZE - within);
      if (within == 0 && (step == PageTree.PAGE_SIZE || at + step == size)) {
        if (pages.remove(page)) {
          pageCount.decrementAndGet();
        }
      } else {
        byte[] bytes = pages.get(page);
        if (bytes != null) {
          Arrays.fill(bytes, within, within + step, (byte) 0);
        }
      }
      at += step;
    }
  }

  private byte[] allocated(long page) throws BackendException {
    byte[] there = pages.get(page);
    if (there != null) {
      return there;
    }
    if (pageCount.incrementAndGet() > mostPages) {
      pageCount.decrementAndGet();
      throw new BackendException(WireErrors.ENOSPC, "the memory for this export is used up");
    }
    byte[] fresh = new byte[PageTree.PAGE_SIZE];
    byte[] faster = pages.putIfAbsent(page, fresh);
    if (faster == null) {
      return fresh;
    }
    pageCount.decrementAndGet();
    return faster;
  }

  private void check(long offset, long length) {
    Objects.checkFromIndexSize(offset, length, size);
  }

  private static long page(long offset) {
    return offset >>> PageTree.PAGE_BITS;
  }

  private static int within(long offset) {
    return (int) offset & (PageTree.PAGE_SIZE - 1);
  }
}
