package io.nbd4j.engine.command;

import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WaitListTest {

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24})
  void agreesWithALinkedMap(long seed) {
    Random random = new Random(seed);
    WaitList waiters = new WaitList();
    Map<Command, Thread> model = new LinkedHashMap<>();
    List<Command> commands = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      commands.add(new Command());
      threads.add(Thread.ofPlatform().unstarted(() -> {}));
    }
    for (int step = 0; step < 20_000; step++) {
      String where = "seed " + seed + ", step " + step;
      Command command = commands.get(random.nextInt(commands.size()));
      if (random.nextBoolean()) {
        Thread thread = threads.get(random.nextInt(threads.size()));
        waiters.add(command, thread);
        model.put(command, thread);
      } else {
        assertSame(model.remove(command), waiters.remove(command), where);
      }
      assertSame(
          model.isEmpty() ? null : model.values().iterator().next(), waiters.longest(), where);
    }
  }
}
