package io.nbd4j.server.conn;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.nio.channels.SocketChannel;

/** The two directions of a connection, both blocking. One thread reads, one at a time writes. */
public interface Link extends Closeable {
  /** Reads at least one byte into the buffers, in order; -1 at the end of the stream. */
  long read(ByteBuffer[] targets) throws IOException;

  /** Writes buffers to their end. */
  void write(ByteBuffer[] sources, int count) throws IOException;

  /**
   * Makes a waiting or later read find the end of the stream, while replies can still be written.
   */
  void endReading() throws IOException;

  /** A link over a connected socket in blocking mode. */
  static Link of(SocketChannel socket) {
    return new Socket(socket);
  }

  /** A link over two channels that can be closed apart, such as two pipes. */
  static Link of(ReadableByteChannel in, GatheringByteChannel out) {
    return new Pair(in, out);
  }

  /** A socket. */
  record Socket(SocketChannel channel) implements Link {
    @Override
    public long read(ByteBuffer[] targets) throws IOException {
      return targets.length == 1 ? channel.read(targets[0]) : channel.read(targets);
    }

    @Override
    public void write(ByteBuffer[] sources, int count) throws IOException {
      writeFully(channel, sources, count);
    }

    @Override
    public void endReading() throws IOException {
      try {
        channel.shutdownInput();
      } catch (ClosedChannelException e) {
        // It has ended by itself.
      }
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /** Two one-way channels. */
  record Pair(ReadableByteChannel in, GatheringByteChannel out) implements Link {
    @Override
    public long read(ByteBuffer[] targets) throws IOException {
      try {
        if (in instanceof ScatteringByteChannel scattering) {
          return scattering.read(targets);
        }
        for (ByteBuffer target : targets) {
          if (target.hasRemaining()) {
            return in.read(target);
          }
        }
        return 0;
      } catch (ClosedChannelException e) {
        return -1;
      }
    }

    @Override
    public void write(ByteBuffer[] sources, int count) throws IOException {
      writeFully(out, sources, count);
    }

    @Override
    public void endReading() throws IOException {
      in.close();
    }

    @Override
    public void close() throws IOException {
      try (in;
          out) {
        // Both, whatever the first one throws.
      }
    }
  }

  private static void writeFully(GatheringByteChannel out, ByteBuffer[] sources, int count)
      throws IOException {
    for (int first = 0; first < count; ) {
      if (!sources[first].hasRemaining()) {
        first++;
      } else if (first == count - 1) {
        out.write(sources[first]);
      } else {
        out.write(sources, first, count - first);
      }
    }
  }
}
