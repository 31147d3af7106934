package io.nbd4j.engine.command;

import org.jspecify.annotations.Nullable;

/** The commands whose callers are parked, in the order of their arrival. Needs the lock. */
public final class WaitList {

  private @Nullable Command first;
  private @Nullable Command last;

  /** Notes that a thread parks for a command; again is the same as once. */
  public void add(Command command, Thread thread) {
    if (command.waiter == null) {
      command.waitsAfter = last;
      if (last == null) {
        first = command;
      } else {
        last.waitsBefore = command;
      }
      last = command;
    }
    command.waiter = thread;
  }

  /** Takes a command out; the result is the thread that waits for it, or null. */
  public @Nullable Thread remove(Command command) {
    Thread thread = command.waiter;
    if (thread != null) {
      Command before = command.waitsAfter;
      Command after = command.waitsBefore;
      if (before == null) {
        first = after;
      } else {
        before.waitsBefore = after;
      }
      if (after == null) {
        last = before;
      } else {
        after.waitsAfter = before;
      }
      command.waitsAfter = null;
      command.waitsBefore = null;
      command.waiter = null;
    }
    return thread;
  }

  /** The thread that has waited longest, or null. */
  public @Nullable Thread longest() {
    Command longest = first;
    return longest == null ? null : longest.waiter;
  }
}
