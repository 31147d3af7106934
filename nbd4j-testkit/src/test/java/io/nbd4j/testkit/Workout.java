package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.BlockSize;
import io.nbd4j.model.ChunkStatus;
import io.nbd4j.model.CommandFlags;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.Set;

/** Every command that a peer has, on random ranges, with a model of what should come of it. */
final class Workout {

  static final String ALLOCATION = "base:allocation";

  private static final int ROUNDS = 12;
  private static final int MOST = 200_000;
  private static final int ZERO_BIT = 2;

  private final Disk disk;
  private final NbdHandle handle;
  private final Model model;
  private final int block;
  private final String context;
  private final Set<Peer.Feature> features;

  /** A workout with all that the server says that it can do. */
  Workout(Disk disk, Model model, String context) throws IOException {
    this(disk, model, context, features(disk.handle()));
  }

  Workout(Disk disk, Model model, String context, Set<Peer.Feature> features) throws IOException {
    this.disk = disk;
    this.handle = disk.handle();
    this.model = model;
    this.context = context;
    this.features = features;
    this.block = (int) Math.max(1, handle.getBlockSize(BlockSize.MINIMUM));
  }

  /** What the server says that it can do. */
  static Set<Peer.Feature> features(NbdHandle handle) throws IOException {
    Set<Peer.Feature> features = EnumSet.noneOf(Peer.Feature.class);
    for (Peer.Feature feature : Peer.Feature.values()) {
      boolean can =
          switch (feature) {
            case FLUSH -> handle.canFlush();
            case FUA -> handle.canFua();
            case TRIM -> handle.canTrim();
            case ZERO -> handle.canZero();
            case CACHE -> handle.canCache();
            case EXTENTS -> handle.canMetaContext(ALLOCATION);
          };
      if (can) {
        features.add(feature);
      }
    }
    return features;
  }

  void run() throws IOException {
    assertEquals(model.size(), handle.getSize(), context);
    assertEquals(model.sha256(), readAll(), context);
    for (int round = 0; round < ROUNDS; round++) {
      write(
          round % 3 == 0 && features.contains(Peer.Feature.FUA)
              ? CommandFlags.FUA
              : CommandFlags.NONE);
    }
    if (features.contains(Peer.Feature.FLUSH)) {
      disk.flush();
    }
    for (int round = 0; round < ROUNDS; round++) {
      read();
      readInPieces();
    }
    if (features.contains(Peer.Feature.ZERO)) {
      zero();
    }
    if (features.contains(Peer.Feature.TRIM)) {
      trim();
    }
    if (features.contains(Peer.Feature.CACHE)) {
      Model.Range range = model.range(MOST, block);
      disk.cache(range.length(), range.offset());
    }
    if (features.contains(Peer.Feature.EXTENTS)) {
      extents();
    }
    assertEquals(model.sha256(), readAll(), context);
  }

  private void write(CommandFlags flags) throws IOException {
    Model.Range range = model.range(MOST, block);
    ByteBuffer buffer = model.write(range);
    int start = buffer.position();
    disk.pwrite(buffer, range.offset(), flags);
    model.check(buffer, start, range, context + ", after the write");
  }

  private void read() throws IOException {
    Model.Range range = model.range(MOST, block);
    ByteBuffer buffer = model.buffer(range.length());
    int start = buffer.position();
    disk.pread(buffer, range.offset());
    model.check(buffer, start, range, context);
  }

  private void readInPieces() throws IOException {
    Model.Range range = model.range(MOST, block);
    ByteBuffer buffer = model.buffer(range.length());
    int start = buffer.position();
    BitSet seen = new BitSet(range.length());
    disk.preadStructured(
        buffer,
        range.offset(),
        (piece, offset, status, error) -> {
          assertEquals(0, error, context);
          assertTrue(status == ChunkStatus.DATA || status == ChunkStatus.HOLE, context);
          int from = (int) (offset - range.offset());
          int until = from + piece.remaining();
          assertTrue(seen.get(from, until).isEmpty(), context + ": a byte came twice");
          seen.set(from, until);
        });
    assertEquals(range.length(), seen.cardinality(), context);
    model.check(buffer, start, range, context);
  }

  private void zero() throws IOException {
    for (CommandFlags flags : new CommandFlags[] {CommandFlags.NONE, CommandFlags.NO_HOLE}) {
      Model.Range range = model.range(MOST, block);
      disk.zero(range.length(), range.offset(), flags);
      model.zero(range);
    }
    if (features.contains(Peer.Feature.FUA)) {
      Model.Range range = model.range(MOST, block);
      disk.zero(range.length(), range.offset(), CommandFlags.FUA);
      model.zero(range);
    }
    if (handle.canFastZero()) {
      Model.Range range = model.range(MOST, block);
      try {
        disk.zero(range.length(), range.offset(), CommandFlags.FAST_ZERO);
        model.zero(range);
      } catch (NbdException slow) {
        assertEquals(Errno.ENOTSUP, slow.errno(), context);
      }
    }
    read();
  }

  /** What was trimmed reads as anything, so that it is written again. */
  private void trim() throws IOException {
    Model.Range range = model.range(MOST, block);
    disk.trim(range.length(), range.offset(), CommandFlags.NONE);
    if (features.contains(Peer.Feature.FUA)) {
      disk.trim(range.length(), range.offset(), CommandFlags.FUA);
    }
    disk.pwrite(model.write(range), range.offset(), CommandFlags.NONE);
  }

  private void extents() throws IOException {
    long[] at = {0};
    while (at[0] < model.size()) {
      long begin = at[0];
      disk.blockStatus(
          model.size() - begin,
          begin,
          (name, offset, entries, error) -> {
            assertEquals(0, error, context);
            assertEquals(ALLOCATION, name, context);
            assertEquals(begin, offset, context);
            for (int i = 0; i < entries.length; i += 2) {
              long length = Integer.toUnsignedLong(entries[i]);
              boolean zero = (entries[i + 1] & ZERO_BIT) != 0;
              long end = Math.min(at[0] + length, model.size());
              assertFalse(
                  zero && !model.isZero(at[0], end - at[0]),
                  () -> context + ": data reported as zero at " + at[0]);
              at[0] = end;
            }
          });
      assertTrue(at[0] > begin, context + ": no extent at " + begin);
    }
  }

  /** Reads the export from its beginning to its end, in pieces of many sizes. */
  private String readAll() throws IOException {
    MessageDigest digest = Model.digest();
    int blocks = model.size() / block;
    for (int at = 0; at < blocks; ) {
      int count = Math.min(blocks - at, 1 + model.random().nextInt((2 << 20) / block));
      ByteBuffer buffer = model.buffer(count * block);
      buffer.mark();
      disk.pread(buffer, (long) at * block);
      digest.update(buffer.reset());
      at += count;
    }
    return Model.hex(digest.digest());
  }
}
