package io.nbd4j.testkit;

import java.nio.file.Files;
import java.nio.file.Path;

/** The project's own files. */
public final class Checkout {

  private Checkout() {}

  /** A file of the project, by its path from the root; it need not exist. */
  public static Path file(String path) {
    return root().resolve(path);
  }

  private static Path root() {
    Path start = Path.of("").toAbsolutePath();
    for (Path candidate = start; candidate != null; candidate = candidate.getParent()) {
      if (Files.exists(candidate.resolve("build/mvn25"))) {
        return candidate;
      }
    }
    throw new IllegalStateException("outside of the project: " + start);
  }
}
