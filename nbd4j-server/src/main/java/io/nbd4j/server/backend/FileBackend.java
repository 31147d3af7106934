package io.nbd4j.server.backend;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.Set;

/** An export in a regular file. Its size is that of the file when it was opened. */
public final class FileBackend implements Backend {
  private static final Set<Capability> WRITABLE =
      Set.copyOf(
          EnumSet.of(Capability.WRITE, Capability.FLUSH, Capability.FUA, Capability.MULTI_CONN));
  private static final Set<Capability> READABLE = Set.of(Capability.MULTI_CONN);

  private final FileChannel channel;
  private final long size;
  private final Set<Capability> capabilities;

  private FileBackend(FileChannel channel, long size, Set<Capability> capabilities) {
    this.channel = channel;
    this.size = size;
    this.capabilities = capabilities;
  }

  /**
   * Opens a file for reading and writing.
   *
   * @param file an existing regular file
   * @return the export
   * @throws IOException if it cannot be opened so
   */
  public static FileBackend open(Path file) throws IOException {
    return open(file, WRITABLE, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
  }

  /**
   * Opens a file for reading only.
   *
   * @param file an existing regular file
   * @return the export, which is read-only
   * @throws IOException if it cannot be opened so
   */
  public static FileBackend openReadOnly(Path file) throws IOException {
    return open(file, READABLE, Set.of(StandardOpenOption.READ));
  }

  private static FileBackend open(
      Path file, Set<Capability> capabilities, Set<StandardOpenOption> options) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException(file + " is not a regular file");
    }
    FileChannel channel = FileChannel.open(file, options);
    try {
      return new FileBackend(channel, channel.size(), capabilities);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public Set<Capability> capabilities() {
    return capabilities;
  }

  @Override
  public void read(ByteBuffer target, long offset) throws IOException {
    for (long at = offset; target.hasRemaining(); ) {
      int count = channel.read(target, at);
      if (count < 0) {
        throw new IOException("the file became shorter while it was open");
      }
      at += count;
    }
  }

  @Override
  public void write(ByteBuffer source, long offset, boolean fua) throws IOException {
    for (long at = offset; source.hasRemaining(); ) {
      at += channel.write(source, at);
    }
    if (fua) {
      flush();
    }
  }

  @Override
  public void flush() throws IOException {
    channel.force(false);
  }

  @Override
  public void zero(long offset, long length, ZeroOptions options) throws IOException {
    Backend.super.zero(offset, length, new ZeroOptions(options.mayPunch(), options.fast(), false));
    if (options.fua()) {
      flush();
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
