package io.nbd4j.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory of the test's own, with a name short enough for Unix sockets. */
public final class PrivateDirectory implements AutoCloseable {

  private final Path path;

  private PrivateDirectory(Path path) {
    this.path = path;
  }

  /** Makes a directory that only this user may enter. */
  public static PrivateDirectory create() throws IOException {
    return new PrivateDirectory(
        Files.createTempDirectory(
            "testkit",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
  }

  public Path path() {
    return path;
  }

  /** A name in the directory. */
  public Path file(String name) {
    return path.resolve(name);
  }

  /** Removes the directory and all that is in it, if it is still there. */
  @Override
  public void close() throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    if (Files.notExists(path)) {
      // Closed before: a server that lives in it takes it along.
      return;
    }
    List<Path> content;
    try (Stream<Path> walk = Files.walk(path)) {
      content = walk.sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    for (Path entry : content) {
      Files.deleteIfExists(entry);
    }
  }
}
