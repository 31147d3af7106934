package io.nbd4j.engine.transfer;

import io.nbd4j.engine.command.Command;

/** What takes a command that has ended, with no lock held. */
@FunctionalInterface
public interface Completer {

  void complete(Command command);
}
