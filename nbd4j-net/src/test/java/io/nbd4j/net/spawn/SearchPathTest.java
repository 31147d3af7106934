package io.nbd4j.net.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.nbd4j.net.posix.PosixException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SearchPathTest {

  @TempDir Path directory;
  private Path first;
  private Path second;

  @BeforeEach
  void makeDirectories() throws IOException {
    first = Files.createDirectory(directory.resolve("first"));
    second = Files.createDirectory(directory.resolve("second"));
  }

  private void program(Path file, String permissions) throws IOException {
    Files.createFile(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  private String find(String name) throws PosixException {
    return SearchPath.find(name, "/nosuch:" + first + ":" + second);
  }

  @Test
  void firstExecutableWins() throws IOException {
    program(first.resolve("both"), "rwxr-xr-x");
    program(second.resolve("both"), "rwxr-xr-x");
    assertEquals(first + "/both", find("both"));
  }

  @Test
  void filesThatCannotBeExecutedAreSteppedOver() throws IOException {
    program(first.resolve("tool"), "rw-r--r--");
    program(second.resolve("tool"), "rwxr-xr-x");
    Files.createDirectory(first.resolve("dir"));
    program(second.resolve("dir"), "rwxr-xr-x");
    assertEquals(second + "/tool", find("tool"));
    assertEquals(second + "/dir", find("dir"));
  }

  @Test
  void onlyUnexecutableFilesArePermissionDenied() throws IOException {
    program(first.resolve("tool"), "rw-r--r--");
    PosixException e = assertThrows(PosixException.class, () -> find("tool"));
    assertEquals("tool: Permission denied", e.getMessage());
  }

  @Test
  void nothingIsNoSuchFile() {
    assertEquals(
        "tool: No such file or directory",
        assertThrows(PosixException.class, () -> find("tool")).getMessage());
    assertEquals(PosixException.ENOENT, assertThrows(PosixException.class, () -> find("")).errno());
  }

  @Test
  void nameWithSlashIsNotSearched() throws IOException {
    Path file = first.resolve("tool");
    program(file, "rwxr-xr-x");
    assertEquals(file.toString(), SearchPath.find(file.toString(), ""));
    assertThrows(PosixException.class, () -> find("first/tool"));
  }

  @Test
  void emptyElementIsTheCurrentDirectory() {
    PosixException e =
        assertThrows(PosixException.class, () -> SearchPath.find("pom.xml", "/nosuch:"));
    assertEquals(PosixException.EACCES, e.errno(), "found, though not executable");
  }
}
