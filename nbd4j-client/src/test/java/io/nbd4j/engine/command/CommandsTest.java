package io.nbd4j.engine.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.engine.command.Command.Stage;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A command's way from its call to its retirement, one thread at a time. */
final class CommandsTest {

  private final Commands commands = new Commands();

  private Command queued() {
    Command command = commands.take();
    commands.enqueue(command);
    return command;
  }

  @Test
  void cookiesCountFromOneAndNeverRepeat() {
    for (long cookie = 1; cookie <= 1000; cookie++) {
      Command command = commands.take();
      assertEquals(cookie, commands.enqueue(command));
      assertSame(command, commands.dequeue());
      commands.forget(command);
    }
  }

  @Test
  void aCommandIsFoundOnlyWhileItsReplyIsAwaited() {
    Command command = queued();
    long cookie = command.cookie;
    assertEquals(Stage.QUEUED, command.stage());
    assertTrue(commands.pending(cookie));
    assertNull(commands.find(cookie), "not sent yet");
    assertSame(command, commands.dequeue());
    assertEquals(Stage.IN_FLIGHT, command.stage());
    assertSame(command, commands.find(cookie));
    assertFalse(commands.replied(command, cookie), "the writer completes it");
    assertNull(commands.find(cookie), "replied to");
    assertTrue(commands.sent(command));
    commands.remove(command);
    commands.keep(command);
    assertFalse(commands.pending(cookie));
    assertEquals(0, commands.inFlight());
    assertTrue(command.ended());
    assertSame(command, commands.peekEnded());
    assertNull(commands.retire(cookie + 1));
    assertSame(command, commands.retire(cookie));
    assertNull(commands.retire(cookie));
    assertNull(commands.peekEnded());
  }

  @Test
  void aReplyToAnEarlierUseOfAnObjectCountsForNothing() {
    Command command = queued();
    long cookie = command.cookie;
    commands.dequeue();
    assertFalse(commands.sent(command));
    assertTrue(commands.replied(command, cookie));
    assertFalse(commands.replied(command, cookie), "once is enough");
    commands.remove(command);
    commands.free(command);
    Command again = queued();
    assertSame(command, again);
    commands.dequeue();
    commands.sent(again);
    assertFalse(commands.replied(again, cookie));
    assertSame(again, commands.find(again.cookie));
  }

  @Test
  void onlyWhatWasNotStartedCanBeWithdrawn() {
    Command sent = queued();
    Command waiting = queued();
    commands.dequeue();
    assertFalse(commands.withdraw(sent));
    assertTrue(commands.withdraw(waiting));
    assertFalse(commands.anyQueued());
    assertEquals(1, commands.inFlight());
  }

  @Test
  void drainTakesAllButWhatAThreadIsBusyWith() {
    Command held = queued();
    Command sending = queued();
    Command answered = queued();
    Command awaiting = queued();
    Command waiting = queued();
    for (int i = 0; i < 4; i++) {
      commands.dequeue();
    }
    commands.sent(held);
    commands.sent(awaiting);
    commands.sent(answered);
    assertTrue(commands.replied(answered, answered.cookie), "the reader is about to complete it");
    Set<Command> failed = new HashSet<>();
    assertEquals(Set.of(awaiting, waiting), new HashSet<>(commands.drain(held, failed::add)));
    assertEquals(Set.of(awaiting, waiting), failed);
    assertFalse(commands.replied(awaiting, awaiting.cookie), "it has ended already");
    assertNull(commands.find(awaiting.cookie));
    assertSame(sending, commands.find(sending.cookie));
    assertEquals(List.of(), commands.drain(held, failed::add), "and once only");
    commands.release(sending);
    assertEquals(Set.of(sending, held), new HashSet<>(commands.drain(null, failed::add)));
  }

  @Test
  void aCommandWhoseReplyOvertookItsPayloadIsDrainedAsAnswered() {
    Command command = queued();
    commands.dequeue();
    assertFalse(commands.replied(command, command.cookie));
    commands.release(command);
    assertEquals(
        List.of(command),
        commands.drain(
            null,
            unanswered -> {
              throw new AssertionError("it was answered");
            }));
    assertEquals(0, commands.inFlight());
  }

  @Test
  void abandoningKeepsTheOrderAndTheDisconnectRequest() {
    Command first = queued();
    Command second = queued();
    Command third = queued();
    Command disconnect = commands.take();
    disconnect.type = io.nbd4j.wire.Commands.DISC;
    commands.enqueue(disconnect);
    commands.dequeue();
    assertEquals(List.of(second, third), commands.abandonQueued());
    assertEquals(2, commands.inFlight());
    assertSame(first, commands.find(first.cookie));
    assertSame(disconnect, commands.peekQueued());
    assertTrue(commands.withdraw(disconnect));
  }

  @Test
  void aFreedObjectKeepsNothingOfItsUser() {
    Command command = queued();
    command.buffer(ByteBuffer.allocate(1));
    command.completion = error -> true;
    command.chunk = (subbuf, offset, status, error) -> {};
    command.serverText = "text";
    command.fail(5);
    commands.dequeue();
    commands.forget(command);
    Command again = commands.take();
    assertSame(command, again);
    assertEquals(Stage.FREE, again.stage());
    assertNull(again.buffer);
    assertNull(again.completion);
    assertNull(again.chunk);
    assertNull(again.serverText);
    assertEquals(0, again.error);
    assertNotSame(again, commands.take());
  }

  @Test
  void theFirstErrorCountsAndNoneIsBrokenProtocol() {
    Command command = new Command();
    command.fail(0);
    assertEquals(71, command.error);
    command.fail(5);
    assertEquals(71, command.error);
  }
}
