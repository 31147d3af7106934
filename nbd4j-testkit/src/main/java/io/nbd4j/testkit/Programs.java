package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Programs of other projects. */
public final class Programs {

  /** The environment variable that turns a skipped test into a failed one. */
  public static final String REQUIRE = "NBD4J_REQUIRE_PEERS";

  private Programs() {}

  /** Says what is missing, or nothing. */
  public static Optional<String> missing(String... names) {
    List<String> absent = Arrays.stream(names).filter(name -> !installed(name)).toList();
    return absent.isEmpty()
        ? Optional.empty()
        : Optional.of("not installed: " + String.join(", ", absent));
  }

  /** Whether a missing program is a failure. */
  public static boolean required() {
    return "1".equals(System.getenv(REQUIRE));
  }

  /** Ends the test here, skipped or failed, if a program is missing. */
  public static void require(String... names) {
    Optional<String> missing = missing(names);
    if (missing.isPresent() && required()) {
      fail(missing.get() + ", and " + REQUIRE + "=1 wants it");
    }
    missing.ifPresent(text -> abort(text));
  }

  private static boolean installed(String name) {
    String path = System.getenv("PATH");
    return path != null
        && Arrays.stream(path.split(File.pathSeparator, -1))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, name)));
  }
}
