package io.nbd4j.engine.session;

/**
 * The four counters. Each has one writer at a time (the thread that sends, or the one that
 * receives) and any number of readers.
 */
public final class Statistics {

  private volatile long bytesSent;
  private volatile long bytesReceived;
  private volatile long chunksSent;
  private volatile long chunksReceived;

  @SuppressWarnings("NonAtomicVolatileUpdate") // One writer at a time.
  public void sent(long bytes) {
    bytesSent += bytes;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // One writer at a time.
  public void received(long bytes) {
    bytesReceived += bytes;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // One writer at a time.
  public void chunkSent() {
    chunksSent++;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // One writer at a time.
  public void chunkReceived() {
    chunksReceived++;
  }

  public long bytesSent() {
    return bytesSent;
  }

  public long bytesReceived() {
    return bytesReceived;
  }

  public long chunksSent() {
    return chunksSent;
  }

  public long chunksReceived() {
    return chunksReceived;
  }
}
