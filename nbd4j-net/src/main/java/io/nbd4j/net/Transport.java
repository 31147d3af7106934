package io.nbd4j.net;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A connected stream of bytes that never waits: what can't be done now is not done, and said so.
 *
 * <p>One thread may read while another writes; two threads must not read, or write, at once. The
 * buffers' positions move by the bytes that were moved. Everything above this interface is free of
 * sockets, so a conversation can be replayed cut at any byte.
 */
public interface Transport extends AutoCloseable {

  /** What {@link #read} returns when the peer has ended the stream. */
  int END = -1;

  /**
   * Reads into the buffers in order, as much as is there.
   *
   * @return the bytes read, 0 if none are there yet, or {@link #END}
   */
  long read(ByteBuffer[] targets, int first, int count) throws IOException;

  /** Reads into one buffer, as {@link #read(ByteBuffer[], int, int)} does. */
  int read(ByteBuffer target) throws IOException;

  /**
   * Writes from the buffers in order, as much as the stream takes now.
   *
   * @return the bytes written, which may be 0
   */
  long write(ByteBuffer[] sources, int first, int count) throws IOException;

  /** Tells the peer that nothing more will be written; reading goes on. */
  void shutdownOutput() throws IOException;

  /** Ends the stream at once, waking a thread that is blocked on it; never throws. */
  @Override
  void close();
}
