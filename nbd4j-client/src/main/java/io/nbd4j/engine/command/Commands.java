package io.nbd4j.engine.command;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The commands of one handle and the lock that guards them, which is the handle's only lock. It is
 * held for a few instructions at a time, and never while waiting.
 *
 * <p>All methods need the lock. A command goes: taken, queued, in flight, then ended and kept until
 * the caller asks for it, or freed at once.
 */
public final class Commands {

  /** Freed objects that are kept; more than a caller is advised to have in flight is not needed. */
  private static final int POOL = 256;

  public final ReentrantLock lock = new ReentrantLock();

  private final CommandQueue queued = new CommandQueue();
  private final CommandTable inFlight = new CommandTable();
  private final CommandQueue ended = new CommandQueue();
  private final WaitList waiters = new WaitList();
  private @Nullable Command pool;
  private int pooled;
  private long lastCookie;

  /** An object to fill and {@link #enqueue}, or to {@link #free}. */
  public Command take() {
    Command command = pool;
    if (command == null) {
      return new Command();
    }
    pool = command.next;
    pooled--;
    command.next = null;
    return command;
  }

  /** Queues a command behind the others and gives it its cookie. */
  public long enqueue(Command command) {
    command.cookie = ++lastCookie;
    command.stage = Command.Stage.QUEUED;
    queued.add(command);
    return command.cookie;
  }

  /** How many are queued or await their reply. */
  public int inFlight() {
    return queued.size() + inFlight.size();
  }

  public boolean anyQueued() {
    return queued.size() > 0;
  }

  /** The next command for the wire, without taking it. */
  public @Nullable Command peekQueued() {
    return queued.peek();
  }

  /** Takes the next command for the wire; its reply may arrive from now on. */
  public @Nullable Command dequeue() {
    Command command = queued.poll();
    if (command != null) {
      command.stage = Command.Stage.IN_FLIGHT;
      command.sending = true;
      inFlight.put(command);
    }
    return command;
  }

  /** Takes back a command that was not started on the wire. */
  public boolean withdraw(Command command) {
    return command.stage == Command.Stage.QUEUED && queued.remove(command);
  }

  /** Takes out a command that has no reply. */
  public void forget(Command command) {
    inFlight.remove(command.cookie);
    free(command);
  }

  /**
   * The writer is done with a command.
   *
   * @return whether its reply has come meanwhile, so that the writer is now to complete it
   */
  public boolean sent(Command command) {
    command.sending = false;
    return command.replied && claim(command);
  }

  /** The writer lets go of a command after the end of the connection. */
  public void release(Command command) {
    command.sending = false;
  }

  private static boolean claim(Command command) {
    if (command.claimed) {
      return false;
    }
    command.claimed = true;
    return true;
  }

  /** Whether a command is queued or in flight. */
  public boolean pending(long cookie) {
    return queued.find(cookie) != null || inFlight.get(cookie) != null;
  }

  public @Nullable Command find(long cookie) {
    Command command = inFlight.get(cookie);
    return command == null || command.replied || command.claimed ? null : command;
  }

  /**
   * The reply to a command is complete.
   *
   * @return whether the reader is to complete the command now; not if it has ended meanwhile, nor
   *     if the writer still holds it, which then completes it
   */
  public boolean replied(Command command, long cookie) {
    if (command.cookie != cookie || command.stage != Command.Stage.IN_FLIGHT || command.claimed) {
      return false;
    }
    command.replied = true;
    return !command.sending && claim(command);
  }

  /** Takes out a command that is about to be completed. */
  public void remove(Command command) {
    inFlight.remove(command.cookie);
  }

  /** Keeps an ended command until its result is asked for. */
  public void keep(Command command) {
    command.stage = Command.Stage.ENDED;
    ended.add(command);
  }

  /**
   * Marks a blocking command as ended; its caller frees it.
   *
   * @return the thread to unpark, or null
   */
  public @Nullable Thread end(Command command) {
    command.stage = Command.Stage.ENDED;
    return waiters.remove(command);
  }

  /** The threads that are parked until their command has ended. */
  public WaitList waiters() {
    return waiters;
  }

  /** The oldest ended command that was not retired, or null. */
  public @Nullable Command peekEnded() {
    return ended.peek();
  }

  /** Takes out the ended command with that cookie, or null. */
  public @Nullable Command retire(long cookie) {
    Command command = ended.find(cookie);
    if (command != null) {
      ended.remove(command);
    }
    return command;
  }

  public void free(Command command) {
    command.clear();
    if (pooled < POOL) {
      command.next = pool;
      pool = command;
      pooled++;
    }
  }

  /**
   * Takes out every command that no other thread is busy with, after the end of the connection; the
   * caller completes them.
   *
   * @param received the command that another thread is filling, or null
   * @param failed takes those whose reply has not come
   */
  public List<Command> drain(@Nullable Command received, Consumer<Command> failed) {
    List<Command> all =
        inFlight.removeIf(command -> command != received && !command.sending && claim(command));
    for (Command command : all) {
      if (!command.replied) {
        failed.accept(command);
      }
    }
    for (Command command : drainQueued()) {
      failed.accept(command);
      all.add(command);
    }
    return all;
  }

  /** Takes out the commands that were not started on the wire; a disconnect request stays. */
  public List<Command> abandonQueued() {
    List<Command> all = drainQueued();
    for (Command command : List.copyOf(all)) {
      if (command.isDisconnect()) {
        all.remove(command);
        command.claimed = false;
        queued.add(command);
      }
    }
    return all;
  }

  private List<Command> drainQueued() {
    List<Command> all = new ArrayList<>();
    for (Command command = queued.poll(); command != null; command = queued.poll()) {
      command.claimed = true;
      all.add(command);
    }
    return all;
  }
}
