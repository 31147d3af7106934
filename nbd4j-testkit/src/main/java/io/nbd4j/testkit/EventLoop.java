package io.nbd4j.testkit;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.Direction;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** Drives a handle until something has come about. */
public sealed interface EventLoop extends AutoCloseable {

  /** What is waited for. */
  @FunctionalInterface
  interface Condition {
    boolean met() throws IOException;
  }

  /** Makes one step, which may wait for the server. */
  void turn(NbdHandle handle, int milliseconds) throws IOException;

  @Override
  default void close() throws IOException {}

  /** Makes steps until the condition is met. */
  default void until(NbdHandle handle, String what, Condition condition) throws IOException {
    Deadline deadline = Deadline.fromNow();
    while (!condition.met()) {
      int left = deadline.millis();
      if (left == 0) {
        throw new AssertionError(
            "waited in vain: " + what + ", in state " + handle.connectionState());
      }
      turn(handle, left);
    }
  }

  /** The handle's own poll. */
  record Polling() implements EventLoop {
    @Override
    public void turn(NbdHandle handle, int milliseconds) throws IOException {
      handle.poll(milliseconds);
    }
  }

  /** A selector of the caller's. */
  record Selecting(Selector selector) implements EventLoop {

    /** Opens the selector. */
    public Selecting() throws IOException {
      this(Selector.open());
    }

    @Override
    public void turn(NbdHandle handle, int milliseconds) throws IOException {
      SelectableChannel channel = handle.aioGetFd();
      boolean pending = channel instanceof SocketChannel socket && socket.isConnectionPending();
      int direction = handle.aioGetDirection();
      int interest =
          pending
              ? SelectionKey.OP_CONNECT
              : ((direction & Direction.READ) != 0 ? SelectionKey.OP_READ : 0)
                  | ((direction & Direction.WRITE) != 0 ? SelectionKey.OP_WRITE : 0);
      SelectionKey key = channel.keyFor(selector);
      if (key == null) {
        key = channel.register(selector, interest);
      } else {
        key.interestOps(interest);
      }
      selector.select(milliseconds);
      // A key that was not selected still has the bits of the time before.
      boolean selected = selector.selectedKeys().contains(key);
      selector.selectedKeys().clear();
      if (!selected || !key.isValid()) {
        return;
      }
      int ready = key.readyOps();
      if ((ready & SelectionKey.OP_READ) != 0 && (handle.aioGetDirection() & Direction.READ) != 0) {
        handle.aioNotifyRead();
      } else if ((ready & (SelectionKey.OP_WRITE | SelectionKey.OP_CONNECT)) != 0
          && (handle.aioGetDirection() & Direction.WRITE) != 0) {
        handle.aioNotifyWrite();
      }
    }

    @Override
    public void close() throws IOException {
      selector.close();
    }
  }
}
