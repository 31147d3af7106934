package io.nbd4j.server.backend;

import io.nbd4j.wire.WireErrors;
import java.io.IOException;

/**
 * A failure with the error number that the client is to see. Its message goes to the client as
 * well.
 */
public final class BackendException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int error;

  /**
   * Describes a failure.
   *
   * @param error one of {@link WireErrors}
   * @param message what failed, for people at the other end
   * @throws IllegalArgumentException if the protocol has no such error
   */
  public BackendException(int error, String message) {
    super(message);
    this.error =
        switch (error) {
          case WireErrors.EPERM,
              WireErrors.EIO,
              WireErrors.ENOMEM,
              WireErrors.EINVAL,
              WireErrors.ENOSPC,
              WireErrors.EOVERFLOW,
              WireErrors.ENOTSUP,
              WireErrors.ESHUTDOWN ->
              error;
          default -> throw new IllegalArgumentException("error " + error);
        };
  }

  /**
   * The error number.
   *
   * @return one of {@link WireErrors}
   */
  public int error() {
    return error;
  }
}
