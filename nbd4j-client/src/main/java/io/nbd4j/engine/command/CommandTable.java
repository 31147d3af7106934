package io.nbd4j.engine.command;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The commands in flight by cookie: an open-addressing table, because a map of boxed longs would
 * allocate for every command.
 */
final class CommandTable {

  private static final int SMALLEST = 16;

  private @Nullable Command[] slots = new Command[SMALLEST];
  private int size;

  int size() {
    return size;
  }

  void put(Command command) {
    if (2 * (size + 1) > slots.length) {
      grow();
    }
    insert(command);
    size++;
  }

  private void insert(Command command) {
    int mask = slots.length - 1;
    int at = slot(command.cookie, mask);
    while (slots[at] != null) {
      at = (at + 1) & mask;
    }
    slots[at] = command;
  }

  private void grow() {
    @Nullable Command[] old = slots;
    slots = new Command[2 * old.length];
    for (Command command : old) {
      if (command != null) {
        insert(command);
      }
    }
  }

  @Nullable Command get(long cookie) {
    int mask = slots.length - 1;
    int at = slot(cookie, mask);
    Command found;
    while ((found = slots[at]) != null) {
      if (found.cookie == cookie) {
        return found;
      }
      at = (at + 1) & mask;
    }
    return null;
  }

  @Nullable Command remove(long cookie) {
    int mask = slots.length - 1;
    int at = slot(cookie, mask);
    Command found;
    while ((found = slots[at]) != null) {
      if (found.cookie == cookie) {
        closeGap(at, mask);
        size--;
        return found;
      }
      at = (at + 1) & mask;
    }
    return null;
  }

  /** Moves back what follows, so that a search never stops at a hole before its goal. */
  private void closeGap(int gap, int mask) {
    int at = gap;
    int free = gap;
    slots[free] = null;
    while (true) {
      at = (at + 1) & mask;
      Command moved = slots[at];
      if (moved == null) {
        return;
      }
      int home = slot(moved.cookie, mask);
      boolean between = free <= at ? free < home && home <= at : free < home || home <= at;
      if (!between) {
        slots[free] = moved;
        slots[at] = null;
        free = at;
      }
    }
  }

  /** Takes out all commands that the test is true of, in one go. */
  List<Command> removeIf(Predicate<Command> test) {
    List<Command> removed = new ArrayList<>();
    @Nullable Command[] old = slots;
    slots = new Command[SMALLEST];
    size = 0;
    for (Command command : old) {
      if (command != null) {
        if (test.test(command)) {
          removed.add(command);
        } else {
          put(command);
        }
      }
    }
    return removed;
  }

  private static int slot(long cookie, int mask) {
    // Cookies count upwards, so neighbours fall into neighbouring slots.
    return (int) cookie & mask;
  }
}
