package io.nbd4j.engine.handshake;

import io.nbd4j.engine.session.Settings;
import io.nbd4j.script.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** One handshake: what the server sends, what the client must send, and what comes of it. */
final class Conversation {

  /** The caller's turn in a pause. */
  @FunctionalInterface
  interface Turn {
    Operation next(Settings settings, List<String> events);
  }

  final String name;
  final List<Turn> turns = new ArrayList<>();
  Consumer<Settings> settings = settings -> {};
  Bytes server = new Bytes();
  Bytes client = new Bytes();
  List<String> events = List.of();

  Conversation(String name) {
    this.name = name;
  }

  Conversation with(Consumer<Settings> wanted) {
    settings = settings.andThen(wanted);
    return this;
  }

  /** Options are negotiated by the caller, one a turn. */
  Conversation turn(Turn turn) {
    settings = settings.andThen(wanted -> wanted.optMode = true);
    turns.add(turn);
    return this;
  }

  Conversation server(Bytes... messages) {
    server = Bytes.all(messages);
    return this;
  }

  Conversation client(Bytes... messages) {
    client = Bytes.all(messages);
    return this;
  }

  /** The events in order; one that ends in an asterisk stands for all that begin like it. */
  Conversation expect(String... lines) {
    events = List.of(lines);
    return this;
  }

  @Override
  public String toString() {
    return name;
  }
}
