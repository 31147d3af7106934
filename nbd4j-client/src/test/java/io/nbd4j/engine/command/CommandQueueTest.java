package io.nbd4j.engine.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CommandQueueTest {

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void agreesWithAList(long seed) {
    Random random = new Random(seed);
    CommandQueue queue = new CommandQueue();
    List<Command> model = new ArrayList<>();
    List<Command> outside = new ArrayList<>();
    for (long cookie = 1; cookie <= 12; cookie++) {
      Command command = new Command();
      command.cookie = cookie;
      outside.add(command);
    }
    for (int step = 0; step < 20_000; step++) {
      String where = "seed " + seed + ", step " + step;
      int choice = random.nextInt(4);
      if (choice < 2 && !outside.isEmpty()) {
        Command command = outside.remove(random.nextInt(outside.size()));
        queue.add(command);
        model.add(command);
      } else if (choice == 2) {
        Command command = queue.poll();
        assertSame(model.isEmpty() ? null : model.removeFirst(), command, where);
        if (command != null) {
          outside.add(command);
        }
      } else {
        boolean inside = random.nextBoolean() && !model.isEmpty();
        List<Command> from = inside ? model : outside;
        if (!from.isEmpty()) {
          Command command = from.get(random.nextInt(from.size()));
          assertEquals(inside, queue.remove(command), where);
          assertNull(queue.find(command.cookie), where);
          if (inside) {
            model.remove(command);
            outside.add(command);
          }
        }
      }
      assertEquals(model.size(), queue.size(), where);
      assertSame(model.isEmpty() ? null : model.getFirst(), queue.peek(), where);
      for (Command command : model) {
        assertSame(command, queue.find(command.cookie), where);
      }
    }
  }
}
