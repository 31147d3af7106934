package io.nbd4j.tools.cli;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import java.util.List;

/** The server that a command line names. */
public sealed interface ServerArgument {
  /** A server that runs, by its NBD URI. */
  record Uri(String uri) implements ServerArgument {}

  /** A server to run with socket activation, written {@code [ CMD ARGS ]}. */
  record Command(List<String> argv) implements ServerArgument {
    /** Keeps a copy. */
    public Command {
      argv = List.copyOf(argv);
    }
  }

  /**
   * Reads the words that are no options.
   *
   * @throws UsageException if they are neither one URI nor a command in brackets
   */
  static ServerArgument parse(List<String> words) throws UsageException {
    if (words.isEmpty()) {
      throw UsageException.malformed("an NBD URI or [ CMD ARGS ] is missing");
    }
    if (words.size() == 1) {
      return new Uri(words.getFirst());
    }
    if (!words.getFirst().equals("[")) {
      throw UsageException.malformed("more than one NBD URI");
    }
    if (!words.getLast().equals("]") || words.size() == 2) {
      throw UsageException.malformed("a command has to be written [ CMD ARGS ], with blanks");
    }
    return new Command(words.subList(1, words.size() - 1));
  }

  /** Connects a new handle to the server. */
  default void connect(NbdHandle handle) throws NbdException {
    switch (this) {
      case Uri(String uri) -> handle.connectUri(uri);
      case Command(List<String> argv) -> handle.connectSystemdSocketActivation(argv);
    }
  }
}
