package io.nbd4j.script;

import io.nbd4j.net.Transport;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/**
 * A transport that plays recorded bytes of a server, cut where the test wants it, and records what
 * the client writes. What was not recorded yet is "no bytes for now".
 */
public final class ScriptedTransport implements Transport {

  private static final int NEVER = -1;

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private byte[] recorded;
  private int position;
  private int mostRead = Integer.MAX_VALUE;
  private boolean pauses;
  private boolean pausing;
  private int cut = NEVER;
  private int end = NEVER;
  private int mostWritten = Integer.MAX_VALUE;
  private int writeCut = NEVER;
  private boolean full;
  private boolean starved;
  private boolean outputShut;
  private int reads;

  public ScriptedTransport(Bytes server) {
    this.recorded = server.toArray();
  }

  /** Reads bring at most so many bytes at a time. */
  public ScriptedTransport pieces(int bytes) {
    mostRead = bytes;
    return this;
  }

  /** After each read that brought bytes, one brings none. */
  public ScriptedTransport pausing() {
    pauses = true;
    return this;
  }

  /** One read brings none after the first so many bytes. */
  public ScriptedTransport cutAt(int offset) {
    cut = offset;
    return this;
  }

  /** The stream ends after so many bytes. */
  public ScriptedTransport endAt(int offset) {
    end = offset;
    return this;
  }

  /** Writes take at most so many bytes, and every second one none at all. */
  public ScriptedTransport accepting(int bytes) {
    mostWritten = bytes;
    return this;
  }

  /** One write takes none after the first so many bytes. */
  public ScriptedTransport fullAt(int offset) {
    writeCut = offset;
    return this;
  }

  /** Records more bytes of the server. */
  public void feed(Bytes server) {
    recorded = Bytes.all(new Bytes().put(recorded), server).toArray();
    starved = false;
  }

  @Override
  public long read(ByteBuffer[] targets, int first, int count) {
    if (++reads > 1000 + 10 * recorded.length) {
      throw new AssertionError("the client reads without end");
    }
    int available = available();
    if (available <= 0) {
      return available;
    }
    int moved = 0;
    for (int i = first; i < first + count && moved < available; i++) {
      int part = Math.min(available - moved, targets[i].remaining());
      targets[i].put(recorded, position, part);
      position += part;
      moved += part;
    }
    pausing = pauses && moved > 0;
    return moved;
  }

  @Override
  public int read(ByteBuffer target) {
    return (int) read(new ByteBuffer[] {target}, 0, 1);
  }

  private int available() {
    if (pausing) {
      pausing = false;
      return 0;
    }
    if (position == end) {
      return END;
    }
    if (position == cut) {
      cut = NEVER;
      return 0;
    }
    starved = position == recorded.length;
    int available = Math.min(mostRead, recorded.length - position);
    if (cut > position) {
      available = Math.min(available, cut - position);
    }
    return end > position ? Math.min(available, end - position) : available;
  }

  @Override
  public long write(ByteBuffer[] sources, int first, int count) {
    if (full) {
      full = false;
      return 0;
    }
    if (written.size() == writeCut) {
      writeCut = NEVER;
      return 0;
    }
    int room =
        writeCut > written.size() ? Math.min(mostWritten, writeCut - written.size()) : mostWritten;
    int moved = 0;
    for (int i = first; i < first + count && moved < room; i++) {
      byte[] part = new byte[Math.min(room - moved, sources[i].remaining())];
      sources[i].get(part);
      written.writeBytes(part);
      moved += part.length;
    }
    full = mostWritten != Integer.MAX_VALUE && moved > 0;
    return moved;
  }

  @Override
  public void shutdownOutput() {
    outputShut = true;
  }

  @Override
  public void close() {}

  /** What the client has written. */
  public Bytes written() {
    return new Bytes().put(written.toByteArray());
  }

  /** How many of the server's bytes the client has read. */
  public int consumed() {
    return position;
  }

  /** Whether the client's last read came after the last byte that is recorded. */
  public boolean starved() {
    return starved;
  }

  public boolean outputShut() {
    return outputShut;
  }
}
