package io.nbd4j.net;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A transport over a connected NIO socket channel, TCP or Unix. */
public final class ChannelTransport implements Transport, Readiness {

  /** The send buffer that is asked for on Unix sockets: see docs/design-decisions.md. */
  public static final int UNIX_SEND_BUFFER = 2 << 20;

  /**
   * The most that one read or write moves through a heap buffer. NIO copies through a temporary
   * direct buffer of the whole size, one per thread, and would keep it.
   */
  private static final int HEAP_WINDOW = 256 << 10;

  private final SocketChannel channel;
  private volatile boolean blocking;
  private volatile boolean closed;
  private volatile boolean woken;
  private volatile @Nullable Selector selector;
  private @Nullable SelectionKey key;

  // Only used by the thread that waits.
  private final Consumer<SelectionKey> noteReady = this::noteReady;
  private int ready;

  /** Takes over the channel, connected or about to be, and makes it non-blocking. */
  public ChannelTransport(SocketChannel channel) throws IOException {
    this.channel = channel;
    channel.configureBlocking(false);
  }

  /** Turns off Nagle's algorithm on TCP and asks for a large send buffer on Unix sockets. */
  public static void tune(SocketChannel channel) {
    try {
      if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      } else {
        channel.setOption(StandardSocketOptions.SO_SNDBUF, UNIX_SEND_BUFFER);
      }
    } catch (IOException | UnsupportedOperationException e) {
      // Speed only: the connection works without.
    }
  }

  @Override
  public long read(ByteBuffer[] targets, int first, int count) throws IOException {
    ByteBuffer head = targets[first];
    if (head.hasArray() && head.remaining() > HEAP_WINDOW) {
      return read(head);
    }
    return channel.read(targets, first, count);
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (target.hasArray() && target.remaining() > HEAP_WINDOW) {
      int limit = target.limit();
      try {
        return channel.read(target.limit(target.position() + HEAP_WINDOW));
      } finally {
        target.limit(limit);
      }
    }
    return channel.read(target);
  }

  @Override
  public long write(ByteBuffer[] sources, int first, int count) throws IOException {
    for (int i = first; i < first + count; i++) {
      ByteBuffer source = sources[i];
      if (!source.isDirect() && source.remaining() > HEAP_WINDOW) {
        int limit = source.limit();
        try {
          source.limit(source.position() + HEAP_WINDOW);
          return channel.write(sources, first, i - first + 1);
        } finally {
          source.limit(limit);
        }
      }
    }
    return count == 1 ? channel.write(sources[first]) : channel.write(sources, first, count);
  }

  @Override
  public void shutdownOutput() throws IOException {
    channel.shutdownOutput();
  }

  @Override
  public int await(int interest, long nanos) throws IOException {
    try {
      return select(interest, nanos);
    } catch (ClosedSelectorException | CancelledKeyException e) {
      // Closed by another thread; the next read says so.
      return READ | WOKEN;
    }
  }

  private int select(int interest, long nanos) throws IOException {
    if (blocking) {
      blocking(false);
    }
    Selector waiting = selector();
    SelectionKey registration = key;
    int ops =
        channel.isConnectionPending()
            ? SelectionKey.OP_CONNECT
            : ((interest & READ) != 0 ? SelectionKey.OP_READ : 0)
                | ((interest & WRITE) != 0 ? SelectionKey.OP_WRITE : 0);
    if (registration == null || !registration.isValid()) {
      registration = key = channel.register(waiting, ops);
    } else if (registration.interestOps() != ops) {
      registration.interestOps(ops);
    }
    ready = 0;
    if (nanos <= 0 || woken) {
      waiting.selectNow(noteReady);
    } else {
      // Rounded up, because 0 would wait for ever; and that is what it means here.
      waiting.select(noteReady, nanos == FOREVER ? 0 : (nanos + 999_999) / 1_000_000);
    }
    int found = ready;
    if (!registration.isValid()) {
      found |= READ;
    }
    if (woken || Thread.currentThread().isInterrupted()) {
      woken = false;
      found |= WOKEN;
    }
    return found;
  }

  /** Notes what a selected key is ready for; a set of selected keys would allocate for each. */
  private void noteReady(SelectionKey selected) {
    int now = selected.readyOps();
    if (!selected.equals(key)) {
      ready |= OTHER;
      return;
    }
    if ((now & SelectionKey.OP_READ) != 0) {
      ready |= READ;
    }
    if ((now & (SelectionKey.OP_WRITE | SelectionKey.OP_CONNECT)) != 0) {
      ready |= WRITE;
    }
  }

  @Override
  public int await(int interest, long nanos, SelectableChannel other) throws IOException {
    Selector waiting = selector();
    SelectionKey watched = other.register(waiting, SelectionKey.OP_READ);
    try {
      return await(interest, nanos);
    } finally {
      watched.cancel();
      if (waiting.isOpen()) {
        waiting.selectNow(key -> {});
      }
    }
  }

  private Selector selector() throws IOException {
    Selector existing = selector;
    if (existing != null) {
      return existing;
    }
    Selector opened = Selector.open();
    selector = opened;
    if (closed) {
      opened.close();
    }
    return opened;
  }

  @Override
  public void wakeup() {
    woken = true;
    Selector waiting = selector;
    if (waiting != null) {
      waiting.wakeup();
    }
  }

  @Override
  public boolean blocking(boolean on) throws IOException {
    if (on == blocking) {
      return true;
    }
    if (on) {
      Selector waiting = selector;
      SelectionKey registration = key;
      if (waiting != null && registration != null) {
        registration.cancel();
        waiting.selectNow(selected -> {});
        key = null;
      }
      if (channel.isRegistered()) {
        return false;
      }
    }
    channel.configureBlocking(on);
    blocking = on;
    return true;
  }

  @Override
  public boolean isBlocking() {
    return blocking;
  }

  @Override
  public SelectableChannel channel() {
    return channel;
  }

  @Override
  public void close() {
    closed = true;
    try {
      channel.close();
    } catch (IOException e) {
      // The descriptor is released whatever close reports.
    }
    Selector waiting = selector;
    if (waiting != null) {
      try {
        waiting.close();
      } catch (IOException e) {
        // As above.
      }
    }
  }
}
