package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** That what is left behind is seen. */
class FootprintTest {

  private static void assertSeen(Footprint before, String what) throws IOException {
    String grown = Footprint.now().grownSince(before);
    assertTrue(grown.contains(what), () -> what + " is not in: " + grown);
  }

  @Test
  void nothingIsSeenOfNothing() throws Exception {
    Footprint before = Footprint.now();
    assertEquals("", Footprint.now().grownSince(before));
  }

  @Test
  void openDescriptorIsSeen() throws Exception {
    ServerSocketChannel.open().close();
    Footprint before = Footprint.now();
    ServerSocketChannel channel = ServerSocketChannel.open();
    assertSeen(before, "1 descriptors more, among");
    channel.close();
    before.awaitAgain();
  }

  @Test
  void childIsSeen() throws Exception {
    Footprint before = Footprint.now();
    Process child = new ProcessBuilder("sleep", "600").inheritIO().start();
    assertSeen(before, "{" + child.pid() + "=");
    child.destroyForcibly().waitFor();
    before.awaitAgain();
  }

  @Test
  void temporaryDirectoryIsSeen() throws Exception {
    Footprint before = Footprint.now();
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "nbd4j");
    assertSeen(before, directory.toString());
    Files.delete(directory);
    before.awaitAgain();
  }
}
