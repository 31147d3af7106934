package io.nbd4j;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.command.Commands;
import io.nbd4j.engine.drive.Connection;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.engine.transfer.RequestChecks;
import io.nbd4j.engine.transfer.Zeroes;
import io.nbd4j.model.ApiCall;
import io.nbd4j.model.ChunkCallback;
import io.nbd4j.model.CommandFlags;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.Errno;
import io.nbd4j.model.Extent64Callback;
import io.nbd4j.model.ExtentCallback;
import io.nbd4j.model.NbdException;
import io.nbd4j.model.NbdException.Kind;
import io.nbd4j.model.StateWord;
import io.nbd4j.wire.transfer.BlockStatusPayload;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The commands: filling, checking, issuing them, and turning their results into exceptions. */
final class DataCalls {

  private static final CommandFlags WRITE_FLAGS = CommandFlags.FUA.and(CommandFlags.PAYLOAD_LEN);
  private static final CommandFlags FILTER_FLAGS =
      CommandFlags.REQ_ONE.and(CommandFlags.PAYLOAD_LEN);

  private final Connection connection;
  private final Calls calls;
  private final Commands commands;

  DataCalls(Connection connection, Calls calls) {
    this.connection = connection;
    this.calls = calls;
    this.commands = connection.commands();
  }

  /** Clears the buffer of a read before anything else, as libnbd does. */
  void clear(ApiCall call, ByteBuffer buf) throws NbdException {
    Calls.notNull(call, buf, "buf");
    if (buf.isReadOnly()) {
      throw calls.fail(call, Failure.usage(Errno.EINVAL, "buf is read-only"));
    }
    if (connection.settings().preadInitialize) {
      Zeroes.fill(buf);
    }
  }

  Command command(
      ApiCall call, int type, long count, long offset, CommandFlags flags, CommandFlags allowed)
      throws NbdException {
    calls.check(call);
    Calls.notNull(call, flags, "flags");
    try {
      RequestChecks.flags(connection.settings(), flags.bits(), allowed.bits());
    } catch (Failure e) {
      throw calls.fail(call, e);
    }
    Command command;
    commands.lock.lock();
    try {
      command = commands.take();
    } finally {
      commands.lock.unlock();
    }
    command.type = type;
    command.flags = flags.bits();
    command.count = count;
    command.offset = offset;
    return command;
  }

  void read(
      ApiCall call,
      ByteBuffer buf,
      long offset,
      @Nullable ChunkCallback chunk,
      CommandFlags flags,
      CommandFlags allowed)
      throws NbdException {
    clear(call, buf);
    Command command =
        command(call, io.nbd4j.wire.Commands.READ, buf.remaining(), offset, flags, allowed);
    command.buffer(buf);
    command.chunk = chunk;
    run(call, command);
  }

  long aioRead(
      ApiCall call,
      ByteBuffer buf,
      long offset,
      @Nullable ChunkCallback chunk,
      @Nullable CompletionCallback completion,
      CommandFlags flags,
      CommandFlags allowed)
      throws NbdException {
    clear(call, buf);
    Command command =
        command(call, io.nbd4j.wire.Commands.READ, buf.remaining(), offset, flags, allowed);
    command.buffer(buf);
    command.chunk = chunk;
    return start(call, command, completion);
  }

  Command write(ApiCall call, ByteBuffer buf, long offset, CommandFlags flags) throws NbdException {
    Calls.notNull(call, buf, "buf");
    Command command =
        command(call, io.nbd4j.wire.Commands.WRITE, buf.remaining(), offset, flags, WRITE_FLAGS);
    command.buffer(buf);
    return command;
  }

  Command blockStatus(
      ApiCall call,
      long count,
      long offset,
      @Nullable List<String> contexts,
      @Nullable ExtentCallback extent,
      @Nullable Extent64Callback extent64,
      CommandFlags flags)
      throws NbdException {
    Command command =
        command(
            call,
            io.nbd4j.wire.Commands.BLOCK_STATUS,
            count,
            offset,
            flags,
            contexts == null ? CommandFlags.REQ_ONE : FILTER_FLAGS);
    command.extent = extent;
    command.extent64 = extent64;
    if (contexts != null) {
      try {
        command.buffer(filter(count, contexts));
      } catch (Failure e) {
        free(command);
        throw calls.fail(call, e);
      }
    }
    return command;
  }

  /** The payload that names the contexts of a filtered block status request. */
  private ByteBuffer filter(long count, List<String> contexts) throws Failure {
    Negotiated negotiated = connection.negotiated();
    if (!negotiated.extendedHeaders) {
      throw Failure.usage(Errno.ENOTSUP, "server does not support extended headers");
    }
    ByteBuffer payload = ByteBuffer.allocate(BlockStatusPayload.size(contexts.size()));
    BlockStatusPayload.putHeader(payload, 0, count);
    int index = 0;
    for (String context : contexts) {
      Negotiated.MetaContext granted = null;
      for (Negotiated.MetaContext candidate : negotiated.metaContexts()) {
        if (candidate.name().equals(context)) {
          granted = candidate;
        }
      }
      if (granted == null) {
        throw Failure.usage(Errno.EINVAL, "context " + context + " was not negotiated");
      }
      BlockStatusPayload.putId(payload, 0, index++, granted.id());
    }
    return payload;
  }

  private void free(Command command) {
    commands.lock.lock();
    try {
      commands.free(command);
    } finally {
      commands.lock.unlock();
    }
  }

  private void checkRequest(Command command) throws Failure {
    Settings settings = connection.settings();
    try {
      RequestChecks.check(
          settings, connection.negotiated(), command, connection.disconnectRequested());
    } catch (Failure e) {
      free(command);
      throw e;
    }
  }

  /** Runs a command to its end. */
  void run(ApiCall call, Command command) throws NbdException {
    try {
      checkRequest(command);
      connection.issueAndWait(command);
    } catch (Failure e) {
      throw calls.fail(call, e);
    }
    int error = command.error;
    if (error == 0) {
      free(command);
      return;
    }
    NbdException failed = failed(call, command);
    free(command);
    throw failed;
  }

  /** Starts a command; the result is its cookie. */
  long start(ApiCall call, Command command, @Nullable CompletionCallback completion)
      throws NbdException {
    command.completion = completion;
    try {
      checkRequest(command);
      return connection.issueAsync(command);
    } catch (Failure e) {
      throw calls.fail(call, e);
    }
  }

  /** Whether a command has ended; a failed one throws. */
  boolean completed(ApiCall call, long cookie) throws NbdException {
    calls.check(call);
    if (cookie == 0) {
      throw calls.fail(call, Failure.usage(Errno.EINVAL, "invalid aio cookie 0"));
    }
    Command command;
    commands.lock.lock();
    try {
      command = commands.retire(cookie);
    } finally {
      commands.lock.unlock();
    }
    if (command == null) {
      return false;
    }
    NbdException failed = command.error == 0 ? null : failed(call, command);
    free(command);
    if (failed != null) {
      throw failed;
    }
    return true;
  }

  private NbdException failed(ApiCall call, Command command) {
    Throwable cause = command.cause;
    StateWord word = connection.state().word();
    boolean stranded =
        command.error == Errno.ENOTCONN && (word == StateWord.CLOSED || word == StateWord.DEAD);
    Kind kind = stranded ? Kind.TRANSPORT : Kind.SERVER;
    return calls.fail(
        call,
        new Failure(kind, command.error, name(command.type) + ": command failed", cause),
        command.serverText);
  }

  private static String name(int type) {
    return switch (type) {
      case io.nbd4j.wire.Commands.READ -> "read";
      case io.nbd4j.wire.Commands.WRITE -> "write";
      case io.nbd4j.wire.Commands.DISC -> "disconnect";
      case io.nbd4j.wire.Commands.FLUSH -> "flush";
      case io.nbd4j.wire.Commands.TRIM -> "trim";
      case io.nbd4j.wire.Commands.CACHE -> "cache";
      case io.nbd4j.wire.Commands.WRITE_ZEROES -> "write-zeroes";
      case io.nbd4j.wire.Commands.BLOCK_STATUS -> "block-status";
      default -> throw new IllegalStateException("no command " + type);
    };
  }
}
