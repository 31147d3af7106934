package io.nbd4j;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.drive.Connection;
import io.nbd4j.engine.handshake.Operation;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.model.ShutdownFlag;
import io.nbd4j.model.StateWord;
import io.nbd4j.wire.Commands;
import java.util.List;

/** Options that are waited for, and the orderly end. */
final class OptionCalls {

  private final Connection connection;

  OptionCalls(Connection connection) {
    this.connection = connection;
  }

  /** An option that the server must agree to. */
  void run(Operation operation) throws Failure {
    connection.begin(operation);
    connection.await(operation);
    Failure refusal = operation.refusal();
    if (refusal != null) {
      throw refusal;
    }
  }

  /** An option that the server may refuse. */
  boolean agreed(Operation operation) throws Failure {
    connection.begin(operation);
    connection.await(operation);
    return operation.refusal() == null;
  }

  /** An option that reports a number of things. */
  int count(Operation operation) throws Failure {
    run(operation);
    return operation.count();
  }

  void abort() throws Failure {
    Operation abort = new Operation.Abort();
    connection.begin(abort);
    connection.await(abort);
  }

  /** The meta contexts that were added. */
  List<String> added() {
    connection.commands().lock.lock();
    try {
      return List.copyOf(connection.settings().metaContexts);
    } finally {
      connection.commands().lock.unlock();
    }
  }

  void shutdown(int flags) throws Failure {
    Calls.checkMask("flags", flags, ShutdownFlag.MASK);
    if (connection.state().word() == StateWord.NEGOTIATING) {
      abort();
      return;
    }
    if ((flags & ShutdownFlag.ABANDON_PENDING) != 0) {
      connection.abandonQueued();
    }
    if (!connection.disconnectRequested()) {
      Command disconnect;
      connection.commands().lock.lock();
      try {
        disconnect = connection.commands().take();
      } finally {
        connection.commands().lock.unlock();
      }
      disconnect.type = Commands.DISC;
      connection.issueAsync(disconnect);
    }
    connection.awaitEnd();
  }
}
