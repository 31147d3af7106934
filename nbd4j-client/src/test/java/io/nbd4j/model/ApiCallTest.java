package io.nbd4j.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The table of calls is that of libnbd. */
final class ApiCallTest {

  private static final int NAME = 0;
  private static final int SINCE = 1;
  private static final int STATES = 5;

  /** The rows of the reference without its heading, cut at the tabs. */
  private static List<List<String>> reference() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ApiCallTest.class.getResourceAsStream("libnbd-api.tsv"))) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.lines().skip(1).map(line -> Arrays.asList(line.split("\t", -1))).toList();
    }
  }

  @Test
  void everyFunctionHasItsRow() throws IOException {
    List<List<String>> reference = reference();
    assertEquals(160, reference.size());
    assertEquals(
        new HashSet<>(reference.stream().map(row -> "nbd_" + row.get(NAME)).toList()),
        new HashSet<>(Arrays.stream(ApiCall.values()).map(ApiCall::functionName).toList()));
    assertEquals(160, ApiCall.values().length);
  }

  @Test
  void versionAndStatesAreThoseOfTheReference() throws IOException {
    for (List<String> row : reference()) {
      String name = row.get(NAME);
      ApiCall call = ApiCall.find(name).orElseThrow();
      assertEquals(row.get(SINCE), call.since(), name);
      assertEquals(states(row.get(STATES)), call.permitted(), name);
    }
  }

  private static Set<StateWord> states(String words) {
    Set<StateWord> states = EnumSet.noneOf(StateWord.class);
    for (String word : words.split(",", -1)) {
      switch (word) {
        case "any", "none" -> states.addAll(EnumSet.allOf(StateWord.class));
        case "Created" -> states.add(StateWord.CREATED);
        case "Connecting" -> states.add(StateWord.CONNECTING);
        case "Negotiating" -> states.add(StateWord.NEGOTIATING);
        case "Connected" -> states.add(StateWord.CONNECTED);
        case "Closed" -> states.add(StateWord.CLOSED);
        case "Dead" -> states.add(StateWord.DEAD);
        default -> throw new AssertionError("unknown state " + word);
      }
    }
    return states;
  }

  @Test
  void namesAreTranslatedBothWays() {
    assertEquals("nbd_aio_connect_command", ApiCall.AIO_CONNECT_COMMAND.functionName());
    assertEquals("aioConnectCommand", ApiCall.AIO_CONNECT_COMMAND.methodName());
    assertEquals("blockStatus64", ApiCall.BLOCK_STATUS_64.methodName());
    assertEquals("poll2", ApiCall.POLL2.methodName());
    assertEquals(Optional.of(ApiCall.POLL2), ApiCall.find("nbd_poll2"));
    assertEquals(Optional.of(ApiCall.POLL2), ApiCall.find("poll2"));
    assertEquals(Optional.empty(), ApiCall.find("nbd_poll3"));
    Set<String> methods = new HashSet<>();
    for (ApiCall call : ApiCall.values()) {
      assertTrue(methods.add(call.methodName()), call.methodName());
      assertEquals(Optional.of(call), ApiCall.find(call.functionName()));
    }
  }

  @Test
  void nobodyCanChangeTheTable() {
    Set<StateWord> permitted = ApiCall.PREAD.permitted();
    assertThrows(UnsupportedOperationException.class, () -> permitted.add(StateWord.DEAD));
  }
}
