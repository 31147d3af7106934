package io.nbd4j.server.conn;

import io.nbd4j.server.backend.BackendException;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.WireErrors;
import java.io.IOException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.List;
import java.util.Objects;

/** What the client is told when a backend throws. */
record Failure(int error, String message) {
  /** What systems say when a file cannot grow; Java passes their text on and nothing else. */
  private static final List<String> FULL =
      List.of("No space left on device", "Disk quota exceeded", "File too large");

  static Failure of(Throwable thrown, Request request) {
    return switch (thrown) {
      case BackendException e -> new Failure(permitted(e.error(), request), text(e));
      case AccessDeniedException _, NonWritableChannelException _, ReadOnlyFileSystemException _ ->
          new Failure(WireErrors.EPERM, "the backend may not do that");
      case OutOfMemoryError _ -> new Failure(WireErrors.ENOMEM, "the server is out of memory");
      case IOException e when FULL.stream().anyMatch(text(e)::contains) ->
          new Failure(WireErrors.ENOSPC, "the backend is full");
      // What else it says may name files of the server, which the client need not know.
      default -> new Failure(WireErrors.EIO, "the backend failed");
    };
  }

  /** The specification keeps two errors for one command each. */
  private static int permitted(int error, Request request) {
    boolean allowed =
        switch (error) {
          case WireErrors.ENOTSUP ->
              request.type() == Commands.WRITE_ZEROES && request.has(CommandFlags.FAST_ZERO);
          case WireErrors.EOVERFLOW ->
              request.type() == Commands.READ && request.has(CommandFlags.DF);
          default -> true;
        };
    return allowed ? error : WireErrors.EINVAL;
  }

  private static String text(Throwable thrown) {
    return Objects.requireNonNullElse(thrown.getMessage(), "");
  }
}
