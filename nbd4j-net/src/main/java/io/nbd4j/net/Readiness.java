package io.nbd4j.net;

import java.io.IOException;
import java.nio.channels.SelectableChannel;

/**
 * The waiting side of a transport: who waits, how, and for how long.
 *
 * <p>{@link #await} and {@link #blocking} belong to the one thread that drives the connection at
 * that moment; {@link #wakeup} may be called by any.
 */
public interface Readiness {

  /** Interest in bytes to read, or in the end of the stream. */
  int READ = 1;

  /** Interest in room to write. */
  int WRITE = 2;

  /** What {@link #await} adds to its result when {@link #wakeup} or an interrupt ended the wait. */
  int WOKEN = 4;

  /** What the other channel adds to the result. */
  int OTHER = 8;

  /** The timeout that never ends. */
  long FOREVER = Long.MAX_VALUE;

  /**
   * Waits until something of {@code interest} is possible, the time is over, {@link #wakeup} is
   * called or the thread is interrupted. An interrupt ends the wait, stays set, and does the stream
   * no harm. A virtual thread gives its carrier back while it waits.
   *
   * @param nanos the longest wait, 0 to look only, {@link #FOREVER} for no limit
   * @return the bits of {@code interest} that are possible, 0 when the time was over
   */
  int await(int interest, long nanos) throws IOException;

  /**
   * Waits as {@link #await(int, long)} does, or until another channel has bytes to read.
   *
   * @param other a channel in non-blocking mode, which this leaves unregistered
   * @return as above, with {@link #OTHER} if the other channel is readable
   */
  int await(int interest, long nanos, SelectableChannel other) throws IOException;

  /** Ends the current or the next {@link #await}. */
  void wakeup();

  /**
   * Makes reads and writes wait in the kernel, or not at all. Only while no other thread reads or
   * writes.
   *
   * @return whether the transport is now as asked; a channel that a user registered with a selector
   *     can't be made blocking
   */
  boolean blocking(boolean on) throws IOException;

  /** Whether reads and writes wait in the kernel now. */
  boolean isBlocking();

  /** The channel to register in one's own selector, in non-blocking mode. */
  SelectableChannel channel();
}
