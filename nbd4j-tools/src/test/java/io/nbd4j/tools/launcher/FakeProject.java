package io.nbd4j.tools.launcher;

import io.nbd4j.tools.Printed;
import io.nbd4j.tools.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The launchers in a project that takes no time to build: Maven and Java are scripts that tell how
 * they were called.
 */
final class FakeProject {
  private static final List<String> MODULES = List.of("wire", "net", "client", "server", "tools");

  private final Path root;
  private final Path programs;
  private final Path java;

  /** Makes the project in an empty directory, which should have a blank in its name. */
  FakeProject(Path directory) throws IOException {
    root = Files.createDirectory(directory.resolve("the project"));
    programs = Files.createDirectory(directory.resolve("programs"));
    java = Files.createDirectories(directory.resolve("a jdk/bin")).getParent();
    for (String folder : List.of("bin", "build")) {
      Files.createDirectory(root.resolve(folder));
      try (var files = Files.list(projectRoot().resolve(folder))) {
        for (Path file : files.toList()) {
          Files.copy(file, root.resolve(folder).resolve(file.getFileName().toString()));
        }
      }
    }
    source("pom.xml");
    for (String module : MODULES) {
      source("nbd4j-" + module + "/pom.xml");
      source("nbd4j-" + module + "/src/main/java/A.java");
    }
    script(
        programs.resolve("mvn"),
        """
        echo "maven says something"
        cat
        echo built >>builds
        [ ! -f slow ] || sleep 1
        [ ! -f broken ] || { echo "it does not compile" >&2; exit 1; }
        mkdir -p nbd4j-tools/target/dist/lib
        touch -d '1 minute ago' nbd4j-tools/target/dist/stamp
        """);
    java("printf '<%s>' \"$@\"");
  }

  private static Path projectRoot() {
    return Path.of(System.getProperty("basedir", "")).toAbsolutePath().getParent();
  }

  /** Makes a file that is older than any build; the folders too. */
  private void source(String name) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "");
    for (Path path = file; !path.equals(root); path = path.getParent()) {
      setAge(path, 3600);
    }
  }

  void setAge(Path path, int seconds) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(Instant.now().minusSeconds(seconds)));
  }

  Path root() {
    return root;
  }

  /** Makes a change that the next call of a launcher has to see. */
  void touch(String name) throws IOException {
    Files.writeString(root.resolve(name), "changed\n");
  }

  int builds() throws IOException {
    Path log = root.resolve("builds");
    return Files.exists(log) ? Files.readAllLines(log).size() : 0;
  }

  /** What Java is: a script that is not called as itself but when there is no cache to make. */
  void java(String commands) throws IOException {
    script(
        java.resolve("bin/java"), "case $1 in -XX:AOTCacheOutput=*) exit 1 ;; esac\n" + commands);
  }

  private static void script(Path file, String commands) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + commands + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** The environment in which the launchers find the scripts. */
  Map<String, String> environment() {
    return Map.of(
        "PATH", programs + ":" + System.getenv("PATH"), "NBD4J_JAVA_HOME", java.toString());
  }

  Printed run(Path launcher, Path directory, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    return Program.run(command, directory, environment());
  }

  Printed nbd(String... arguments) throws IOException, InterruptedException {
    return run(root.resolve("bin/nbd"), root, arguments);
  }
}
