package io.nbd4j.engine.transfer;

import io.nbd4j.engine.command.Command;
import io.nbd4j.script.Bytes;
import java.util.ArrayList;
import java.util.List;

/** Commands, the replies of a server to them, and what must come of it. */
final class ReplyCase {

  /** Queues a command. */
  @FunctionalInterface
  interface Issue {
    Command in(Exchange exchange);
  }

  final String name;
  final Exchange.Mode mode;
  final List<Issue> commands = new ArrayList<>();
  final List<Bytes> replies = new ArrayList<>();
  List<String> events = List.of();
  List<String> contents = List.of();
  long exportSize = 1L << 40;

  ReplyCase(Exchange.Mode mode, String name) {
    this.mode = mode;
    this.name = mode + ": " + name;
  }

  ReplyCase exportSize(long bytes) {
    exportSize = bytes;
    return this;
  }

  ReplyCase issue(Issue command) {
    commands.add(command);
    return this;
  }

  ReplyCase reply(Bytes... messages) {
    replies.addAll(List.of(messages));
    return this;
  }

  /** The events in order; one that ends in an asterisk stands for all that begin like it. */
  ReplyCase expect(String... lines) {
    events = List.of(lines);
    return this;
  }

  /** What the buffers of the reads hold in the end, in hexadecimal. */
  ReplyCase contents(String... buffers) {
    contents = List.of(buffers);
    return this;
  }

  Bytes server() {
    return Bytes.all(replies.toArray(Bytes[]::new));
  }

  /** A new exchange with the commands queued. */
  Exchange exchange() {
    Exchange exchange = new Exchange(mode, exportSize);
    commands.forEach(command -> command.in(exchange));
    return exchange;
  }

  @Override
  public String toString() {
    return name;
  }
}
