package io.nbd4j.engine.handshake;

import io.nbd4j.engine.session.Failure;
import io.nbd4j.model.Errno;
import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.option.OptionReply;

/** What an error reply to an option means to the caller. */
final class Refusals {

  private Refusals() {}

  /** The failure of an option whose error number is fixed. */
  static Failure of(OptionReply.Error error, int errno, String export) {
    return Failure.server(errno, text(error, export));
  }

  /** The failure of going or asking for information. */
  static Failure of(OptionReply.Error error, String export) {
    return Failure.server(errno(error.type()), text(error, export));
  }

  private static int errno(int type) {
    return switch (type) {
      case OptionReplies.ERR_UNSUP, OptionReplies.ERR_TLS_REQD -> Errno.ENOTSUP;
      case OptionReplies.ERR_INVALID,
          OptionReplies.ERR_TOO_BIG,
          OptionReplies.ERR_BLOCK_SIZE_REQD ->
          Errno.EINVAL;
      case OptionReplies.ERR_UNKNOWN -> Errno.ENOENT;
      case OptionReplies.ERR_SHUTDOWN -> Errno.ESHUTDOWN;
      default -> Errno.NONE;
    };
  }

  static String text(OptionReply.Error error, String export) {
    String meaning =
        switch (error.type()) {
          case OptionReplies.ERR_UNSUP -> "the operation is not supported by the server";
          case OptionReplies.ERR_POLICY -> "server policy prevents the operation";
          case OptionReplies.ERR_INVALID -> "the server rejected the request as invalid";
          case OptionReplies.ERR_PLATFORM ->
              "the operation is not supported by the server platform";
          case OptionReplies.ERR_TLS_REQD -> "the server requires TLS encryption first";
          case OptionReplies.ERR_UNKNOWN -> "the server has no export named '" + export + "'";
          case OptionReplies.ERR_SHUTDOWN -> "the server is shutting down";
          case OptionReplies.ERR_BLOCK_SIZE_REQD ->
              "the server requires that block size information is requested";
          case OptionReplies.ERR_TOO_BIG -> "the server rejected the request as too big";
          case OptionReplies.ERR_EXT_HEADER_REQD -> "the server requires extended headers";
          default -> "the server replied with " + OptionReplies.name(error.type());
        };
    return error.message().isEmpty() ? meaning : meaning + ": " + printable(error.message());
  }

  /** The server's text with everything that could upset a terminal as {@code \xNN}. */
  private static String printable(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.codePoints()
        .forEach(point -> {
          if (Character.isISOControl(point)) {
            safe.append(String.format("\\x%02x", point));
          } else {
            safe.appendCodePoint(point);
          }
        });
    return safe.toString();
  }
}
