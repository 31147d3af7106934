package io.nbd4j.engine.command;

import org.jspecify.annotations.Nullable;

/** A first-in first-out list linked through the commands themselves. */
final class CommandQueue {

  private @Nullable Command head;
  private @Nullable Command tail;
  private int size;

  int size() {
    return size;
  }

  @Nullable Command peek() {
    return head;
  }

  void add(Command command) {
    Command last = tail;
    if (last == null) {
      head = command;
    } else {
      last.next = command;
    }
    tail = command;
    command.next = null;
    size++;
  }

  @Nullable Command poll() {
    Command first = head;
    if (first != null) {
      head = first.next;
      if (head == null) {
        tail = null;
      }
      first.next = null;
      size--;
    }
    return first;
  }

  /** Takes one command out, wherever it stands. */
  boolean remove(Command command) {
    Command before = null;
    for (Command at = head; at != null; before = at, at = at.next) {
      if (at == command) {
        if (before == null) {
          head = at.next;
        } else {
          before.next = at.next;
        }
        if (tail == at) {
          tail = before;
        }
        at.next = null;
        size--;
        return true;
      }
    }
    return false;
  }

  /** The command with that cookie, or null. */
  @Nullable Command find(long cookie) {
    for (Command at = head; at != null; at = at.next) {
      if (at.cookie == cookie) {
        return at;
      }
    }
    return null;
  }
}
