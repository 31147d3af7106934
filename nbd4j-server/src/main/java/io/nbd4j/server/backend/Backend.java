package io.nbd4j.server.backend;

import io.nbd4j.wire.WireErrors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * The content of an export.
 *
 * <p>Only {@link #size} and {@link #read} have to be written; that makes a read-only export. {@link
 * #capabilities} tells what else there is.
 *
 * <p>The server calls from many threads at once, and only with ranges inside {@link #size} that fit
 * {@link #blockSizes}. Requests of one client that overlap in space and time may be done in any
 * order. Offsets and lengths are in bytes. A buffer belongs to the backend until it returns, and
 * not longer.
 *
 * <p>A {@link BackendException} becomes the error of that one request, a full disk ENOSPC, any
 * other exception EIO; the connection goes on.
 */
public interface Backend extends AutoCloseable {
  /**
   * The size of the export, which does not change.
   *
   * @return bytes, 0 or more
   */
  long size();

  /**
   * Fills a buffer.
   *
   * @param target filled from its position to its limit; a return before that counts as EIO
   * @param offset where to read
   * @throws IOException if it cannot be read
   */
  void read(ByteBuffer target, long offset) throws IOException;

  /**
   * What it can do beyond reading; this does not change.
   *
   * @return the capabilities, none by default
   */
  default Set<Capability> capabilities() {
    return Set.of();
  }

  /**
   * The sizes of requests that it takes; they do not change.
   *
   * @return the sizes, {@link BlockSizes#DEFAULT} by default
   */
  default BlockSizes blockSizes() {
    return BlockSizes.DEFAULT;
  }

  /**
   * Whether an operation may wait for a disk, a network or another thread. If not, the server calls
   * it on the thread that serves the connection, which spares small requests a change of threads.
   * This does not change.
   *
   * @return whether it may wait, true by default
   */
  default boolean mayBlock() {
    return true;
  }

  /**
   * Writes a buffer; needs {@link Capability#WRITE}.
   *
   * @param source written from its position to its limit; a return before that counts as EIO
   * @param offset where to write
   * @param fua whether it has to be on permanent storage before the return; only with {@link
   *     Capability#FUA}
   * @throws IOException if it cannot be written; any part of it may have been
   */
  default void write(ByteBuffer source, long offset, boolean fua) throws IOException {
    throw new BackendException(WireErrors.EPERM, "the export is read-only");
  }

  /**
   * Brings every write that has returned to permanent storage; needs {@link Capability#FLUSH}.
   *
   * @throws IOException if that fails
   */
  default void flush() throws IOException {}

  /**
   * Gives the storage of a range back; what it reads as afterwards is open. Needs {@link
   * Capability#TRIM}.
   *
   * @param offset where it begins
   * @param length how long it is
   * @param fua whether the effect has to be permanent before the return; only with {@link
   *     Capability#FUA}
   * @throws IOException if that fails
   */
  default void trim(long offset, long length, boolean fua) throws IOException {}

  /**
   * Makes a range read as zeroes; needs {@link Capability#WRITE}. By default it writes zeroes, and
   * refuses to be fast.
   *
   * @param offset where it begins
   * @param length how long it is
   * @param options how to do it
   * @throws IOException if that fails; ENOTSUP if it was to be fast and cannot be
   */
  default void zero(long offset, long length, ZeroOptions options) throws IOException {
    if (options.fast()) {
      throw new BackendException(WireErrors.ENOTSUP, "zeroing is not faster than writing here");
    }
    Zeroes.write(this, offset, length, options.fua());
  }

  /**
   * Prepares a range for being read soon; needs {@link Capability#CACHE}.
   *
   * @param offset where it begins
   * @param length how long it is
   * @throws IOException if that fails
   */
  default void cache(long offset, long length) throws IOException {}

  /**
   * Tells which parts of a range are holes or zeroes. By default all of it is data.
   *
   * @param offset where the range begins
   * @param length how long it is, above 0
   * @param sink takes the extents from the beginning of the range; stopping before its end is
   *     allowed
   * @throws IOException if that fails
   */
  default void extents(long offset, long length, ExtentSink sink) throws IOException {
    sink.add(length, false, false);
  }

  /**
   * Ends the use of the backend. The server calls it once, after its last request.
   *
   * @throws IOException if what was written may be lost
   */
  @Override
  default void close() throws IOException {}
}
