package io.nbd4j.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class JsonTextTest {
  @Test
  void quotesBackslashesAndControlCharactersAreEscaped() {
    assertEquals(
        "\"say \\\"hi\\\"\\u0009tab\\u000anl \\\\ é 💾 \\u0000\"",
        JsonText.quoted("say \"hi\"\ttab\nnl \\ é 💾 \0"));
  }
}
