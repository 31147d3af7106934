package io.nbd4j.net.spawn;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/** The path of a Unix socket, alone in a directory that only this user may enter. */
record SocketName(Path path) implements AutoCloseable {

  /** Preferred over {@code java.io.tmpdir}: a socket's path is limited to 107 bytes. */
  private static final Path SHORT_DIRECTORY = Path.of("/tmp");

  /** Makes the directory, not the socket. */
  static SocketName create() throws IOException {
    Path parent =
        Files.isDirectory(SHORT_DIRECTORY) && Files.isWritable(SHORT_DIRECTORY)
            ? SHORT_DIRECTORY
            : Path.of(System.getProperty("java.io.tmpdir"));
    Path directory =
        Files.createTempDirectory(
            parent,
            "nbd4j",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    return new SocketName(directory.resolve("sock"));
  }

  /** Removes the socket and the directory, as far as they are there and can be removed. */
  @Override
  public void close() {
    try {
      Files.deleteIfExists(path);
      Files.deleteIfExists(Objects.requireNonNull(path.getParent()));
    } catch (IOException leftBehind) {
      // Nothing depends on it: the directory has a name of its own.
    }
  }
}
