package io.nbd4j.engine.transfer;

import io.nbd4j.model.Errno;
import io.nbd4j.wire.WireErrors;

/** The protocol's error codes as error numbers: anything that it does not define is EINVAL. */
final class WireErrno {

  private WireErrno() {}

  static int of(int code) {
    return switch (code) {
      case WireErrors.EPERM -> Errno.EPERM;
      case WireErrors.EIO -> Errno.EIO;
      case WireErrors.ENOMEM -> Errno.ENOMEM;
      case WireErrors.ENOSPC -> Errno.ENOSPC;
      case WireErrors.EOVERFLOW -> Errno.EOVERFLOW;
      case WireErrors.ENOTSUP -> Errno.ENOTSUP;
      case WireErrors.ESHUTDOWN -> Errno.ESHUTDOWN;
      default -> Errno.EINVAL;
    };
  }
}
