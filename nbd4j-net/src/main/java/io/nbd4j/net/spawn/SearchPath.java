package io.nbd4j.net.spawn;

import io.nbd4j.net.posix.PosixException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The search for a program as {@code execvp} does it. */
final class SearchPath {

  private static final String DEFAULT = "/bin:/usr/bin";

  private SearchPath() {}

  /**
   * Finds a program in {@code PATH}; a name with a slash is not searched.
   *
   * @throws PosixException {@code ENOENT} if there is none, {@code EACCES} if there are only files
   *     that may not be executed
   */
  static String find(String program) throws PosixException {
    String path = System.getenv("PATH");
    return find(program, path == null ? DEFAULT : path);
  }

  static String find(String program, String path) throws PosixException {
    boolean denied = false;
    for (String candidate : candidates(program, path)) {
      Path file;
      try {
        file = Path.of(candidate);
      } catch (InvalidPathException notInThisLocale) {
        // Java cannot look at it, and the system may still start it.
        return candidate;
      }
      if (Files.isExecutable(file) && !Files.isDirectory(file)) {
        return candidate;
      }
      denied |= Files.exists(file);
    }
    throw new PosixException(program, denied ? PosixException.EACCES : PosixException.ENOENT);
  }

  private static List<String> candidates(String program, String path) {
    if (program.isEmpty()) {
      return List.of();
    }
    if (program.contains("/")) {
      return List.of(program);
    }
    // An empty element means the current directory.
    return Arrays.stream(path.split(":", -1))
        .map(directory -> (directory.isEmpty() ? "." : directory) + "/" + program)
        .toList();
  }
}
