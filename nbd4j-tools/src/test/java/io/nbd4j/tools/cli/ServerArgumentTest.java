package io.nbd4j.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ServerArgumentTest {
  @Test
  void oneWordIsAUri() throws UsageException {
    assertEquals(
        new ServerArgument.Uri("nbd://localhost"),
        ServerArgument.parse(List.of("nbd://localhost")));
    assertEquals(new ServerArgument.Uri("["), ServerArgument.parse(List.of("[")));
  }

  @Test
  void wordsInBracketsAreACommand() throws UsageException {
    assertEquals(
        new ServerArgument.Command(List.of("qemu-nbd", "-r", "a file", "", "[", "]")),
        ServerArgument.parse(List.of("[", "qemu-nbd", "-r", "a file", "", "[", "]", "]")));
  }

  @Test
  void everythingElseIsBadUsage() {
    for (List<String> words :
        List.of(
            List.<String>of(),
            List.of("nbd://a", "nbd://b"),
            List.of("[", "]"),
            List.of("[", "nbdkit"),
            List.of("nbdkit", "]"),
            List.of("[", "nbdkit", "]", "nbd://a"))) {
      UsageException e =
          assertThrows(
              UsageException.class, () -> ServerArgument.parse(words), () -> words.toString());
      assertTrue(e.withUsage(), () -> words.toString());
    }
  }
}
