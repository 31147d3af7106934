package io.nbd4j.model;

import java.nio.ByteBuffer;

/**
 * Called for each piece of a structured read, in any order. {@code nbd_chunk_callback}.
 *
 * <p>It runs with no lock held, on the thread that drove the connection, and may call the handle.
 */
@FunctionalInterface
public interface ChunkCallback {

  /**
   * Takes note of a piece.
   *
   * @param subbuf a read-only view of the part of the caller's buffer that was filled, from
   *     position to limit; empty for an error; valid during the call
   * @param offset where in the export the piece starts, in bytes
   * @param status what the piece is
   * @param error the first error of the command so far or 0; for {@link ChunkStatus#ERROR} the
   *     error number that the server gave for the offset
   * @throws NbdException to fail the command with the exception's error number, or with EPROTO if
   *     that is 0; the first error counts, and further pieces are still delivered
   */
  void chunk(ByteBuffer subbuf, long offset, ChunkStatus status, int error) throws NbdException;
}
