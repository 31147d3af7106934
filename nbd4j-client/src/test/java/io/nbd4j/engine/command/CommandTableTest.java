package io.nbd4j.engine.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CommandTableTest {

  /** Cookies of three kinds: one after the other, all in the same slot, and anywhere. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9})
  void agreesWithAMap(long seed) {
    Random random = new Random(seed);
    CommandTable table = new CommandTable();
    Map<Long, Command> model = new HashMap<>();
    long next = 1;
    for (int step = 0; step < 20_000; step++) {
      String where = "seed " + seed + ", step " + step;
      List<Long> present = new ArrayList<>(model.size());
      if (random.nextInt(100) < (step / 1000 % 2 == 0 ? 60 : 40) || model.isEmpty()) {
        long cookie =
            switch ((int) (seed % 3)) {
              case 0 -> next++;
              case 1 -> next++ << 32;
              default -> random.nextLong();
            };
        Command command = new Command();
        command.cookie = cookie;
        if (model.putIfAbsent(cookie, command) == null) {
          table.put(command);
        }
      } else {
        present.addAll(model.keySet());
        long cookie = present.get(random.nextInt(present.size()));
        assertSame(model.get(cookie), table.get(cookie), where);
        assertSame(model.remove(cookie), table.remove(cookie), where);
        assertNull(table.get(cookie), where);
        assertNull(table.remove(cookie), where);
      }
      assertEquals(model.size(), table.size(), where);
      if (step % 500 == 0) {
        checkAll(table, model, where);
      }
    }
    checkAll(table, model, "seed " + seed);
  }

  private static void checkAll(CommandTable table, Map<Long, Command> model, String where) {
    model.forEach((cookie, command) -> assertSame(command, table.get(cookie), where));
    Set<Command> visited = new HashSet<>();
    List<Command> even =
        table.removeIf(command -> {
          assertSame(model.get(command.cookie), command, where);
          visited.add(command);
          return command.cookie % 2 == 0;
        });
    assertEquals(model.size(), visited.size(), where);
    assertEquals(model.size() - even.size(), table.size(), where);
    for (Command command : even) {
      assertNull(table.get(command.cookie), where);
      table.put(command);
    }
    model.forEach((cookie, command) -> assertSame(command, table.get(cookie), where));
  }
}
