package io.nbd4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.ApiCall;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Keeps the status table of the README true: functions by group, and how many of them there are.
 */
class StatusTableTest {

  /** What C does by functions and Java by its language: the constructor and the exceptions. */
  private static final Set<String> BY_LANGUAGE = Set.of("create", "get_error", "get_errno");

  private record Count(int functions, int inPlace) {}

  @Test
  void theTableOfTheReadmeIsTrue() throws IOException {
    Path readme = Path.of("..", "README.md");
    assertTrue(Files.exists(readme), "no " + readme.toAbsolutePath());
    List<String> expected = new ArrayList<>();
    counted()
        .forEach((group, count) ->
            expected.add(
                "| " + group + " | " + count.functions() + " | " + count.inPlace() + " |"));
    List<String> lines = Files.readAllLines(readme);
    int start = lines.indexOf("| group | functions | in place |");
    assertTrue(start >= 0, "the README has no status table");
    assertEquals(
        String.join("\n", expected),
        String.join("\n", lines.subList(start + 2, start + 2 + expected.size())));
  }

  private static Map<String, Count> counted() throws IOException {
    Set<String> methods =
        Arrays.stream(NbdHandle.class.getMethods())
            .map(Method::getName)
            .collect(Collectors.toSet());
    Map<String, Count> counts = new LinkedHashMap<>();
    int functions = 0;
    int inPlace = 0;
    try (InputStream list = StatusTableTest.class.getResourceAsStream("model/libnbd-api.tsv")) {
      assertNotNull(list, "the list of functions");
      String text = new String(list.readAllBytes(), StandardCharsets.UTF_8);
      for (String row : text.lines().skip(1).toList()) {
        String[] fields = row.split("\t", -1);
        ApiCall call = ApiCall.find(fields[0]).orElseThrow();
        int there = BY_LANGUAGE.contains(fields[0]) || methods.contains(call.methodName()) ? 1 : 0;
        counts.merge(
            fields[2],
            new Count(1, there),
            (a, b) -> new Count(a.functions() + b.functions(), a.inPlace() + b.inPlace()));
        functions++;
        inPlace += there;
      }
    }
    counts.put("all", new Count(functions, inPlace));
    return counts;
  }
}
