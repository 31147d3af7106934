package io.nbd4j.net.spawn;

import io.nbd4j.net.posix.Descriptors;
import io.nbd4j.net.posix.Sockets;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;

/**
 * Two connected Unix sockets: a channel for us and a descriptor for a child. There is no way to
 * make a channel of one end of {@code socketpair}, hence the detour over a name in the file system.
 */
final class SocketPair implements AutoCloseable {

  /**
   * The send buffer asked for at both ends, in bytes. With the system's default a server writes a
   * large reply in many small pieces, at two thirds of the speed.
   */
  private static final int SEND_BUFFER = 2 << 20;

  private final int childEnd;
  private final SocketChannel ourEnd;
  private boolean ourEndKept;

  private SocketPair(int childEnd, SocketChannel ourEnd) {
    this.childEnd = childEnd;
    this.ourEnd = ourEnd;
  }

  static SocketPair open() throws IOException {
    try (SocketName name = SocketName.create()) {
      int listener = Sockets.listen(name.path(), 1);
      try {
        return connect(name, listener);
      } finally {
        Descriptors.close(listener);
      }
    }
  }

  private static SocketPair connect(SocketName name, int listener) throws IOException {
    SocketChannel ourEnd = SocketChannel.open(StandardProtocolFamily.UNIX);
    boolean connected = false;
    try {
      // The listener's queue takes the connection: neither call waits for the other.
      ourEnd.connect(UnixDomainSocketAddress.of(name.path()));
      int childEnd = Sockets.accept(listener);
      connected = true;
      return new SocketPair(childEnd, ourEnd).withLargeBuffers();
    } finally {
      if (!connected) {
        ourEnd.close();
      }
    }
  }

  private SocketPair withLargeBuffers() {
    try {
      ourEnd.setOption(StandardSocketOptions.SO_SNDBUF, SEND_BUFFER);
      Sockets.setSendBuffer(childEnd, SEND_BUFFER);
    } catch (IOException slower) {
      // It works with the default as well.
    }
    return this;
  }

  int childEnd() {
    return childEnd;
  }

  /** Returns our end, which {@link #close} then leaves open. */
  SocketChannel keepOurEnd() {
    ourEndKept = true;
    return ourEnd;
  }

  @Override
  public void close() throws IOException {
    try {
      Descriptors.close(childEnd);
    } finally {
      if (!ourEndKept) {
        ourEnd.close();
      }
    }
  }
}
