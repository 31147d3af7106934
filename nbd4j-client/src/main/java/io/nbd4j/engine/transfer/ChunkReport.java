package io.nbd4j.engine.transfer;

import io.nbd4j.engine.command.Command;
import io.nbd4j.model.ChunkCallback;
import io.nbd4j.model.ChunkStatus;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import java.nio.ByteBuffer;

/** Hands the pieces of a structured read to the caller's callback. */
final class ChunkReport {

  private ChunkReport() {}

  static void piece(
      Command command, ByteBuffer subbuf, long offset, ChunkStatus status, int error) {
    ChunkCallback callback = command.chunk;
    if (callback == null) {
      return;
    }
    try {
      callback.chunk(subbuf, offset, status, error);
    } catch (NbdException e) {
      // An error of the server's own wins over a callback that only says that it failed.
      failed(command, e.errno() == 0 && status == ChunkStatus.ERROR ? error : e.errno(), e);
    } catch (RuntimeException e) {
      failed(command, status == ChunkStatus.ERROR ? error : Errno.EPROTO, e);
    }
  }

  private static void failed(Command command, int errno, Exception cause) {
    if (command.error == 0) {
      command.cause = cause;
    }
    command.fail(errno);
  }
}
