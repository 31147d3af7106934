package io.nbd4j.engine.transfer;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.model.Errno;
import io.nbd4j.model.StrictMode;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.TransmissionFlags;
import java.nio.ByteBuffer;

/**
 * What is refused before it is sent, in libnbd's order: strict mode and the limits of the protocol.
 */
public final class RequestChecks {

  /** The longest request of a compact header. */
  private static final long MAX_COMPACT = 0xffff_ffffL;

  private static final int KNOWN_WIRE_FLAGS = 0xffff;

  private RequestChecks() {}

  /** Checks the flags alone, as libnbd does with every parameter before the call proper. */
  public static void flags(Settings settings, int flags, int allowed) throws Failure {
    boolean strict = settings.strict(StrictMode.FLAGS);
    if ((flags & ~KNOWN_WIRE_FLAGS) != 0 || (strict && (flags & ~allowed) != 0)) {
      throw Failure.usage(
          Errno.EINVAL, "flags: invalid value for flag: 0x" + Integer.toHexString(flags));
    }
  }

  /** Checks a filled command, and sets its payload-length flag if that is left to the library. */
  public static void check(
      Settings settings, Negotiated negotiated, Command command, boolean disconnectRequested)
      throws Failure {
    if (settings.strict(StrictMode.AUTO_FLAG)) {
      automaticFlag(negotiated, command);
    }
    if (settings.strict(StrictMode.COMMANDS)) {
      supported(negotiated, command);
    }
    if (disconnectRequested) {
      throw Failure.usage(Errno.EINVAL, "cannot request more commands after NBD_CMD_DISC");
    }
    if (command.type == Commands.FLUSH || command.type == Commands.DISC) {
      return;
    }
    if (settings.strict(StrictMode.ZERO_SIZE) && command.count == 0) {
      throw Failure.usage(Errno.EINVAL, "count cannot be 0");
    }
    if (settings.strict(StrictMode.BOUNDS)) {
      bounds(negotiated, command);
    }
    long minimum = negotiated.blockMinimum();
    if (settings.strict(StrictMode.ALIGN)
        && minimum > 0
        && ((command.offset | command.count) & (minimum - 1)) != 0) {
      throw Failure.usage(Errno.EINVAL, "request is unaligned");
    }
    sizes(settings, negotiated, command);
  }

  private static void automaticFlag(Negotiated negotiated, Command command) {
    boolean payload = command.payload() != null;
    if (command.type == Commands.WRITE || payload) {
      if (payload && negotiated.extendedHeaders) {
        command.flags |= CommandFlags.PAYLOAD_LEN;
      } else {
        command.flags &= ~CommandFlags.PAYLOAD_LEN;
      }
    }
  }

  private static void supported(Negotiated negotiated, Command command) throws Failure {
    switch (command.type) {
      case Commands.WRITE -> writable(negotiated, "write");
      case Commands.FLUSH -> needs(negotiated, TransmissionFlags.SEND_FLUSH, "flush operations");
      case Commands.TRIM -> {
        needs(negotiated, TransmissionFlags.SEND_TRIM, "trim operations");
        writable(negotiated, "write");
      }
      case Commands.CACHE -> needs(negotiated, TransmissionFlags.SEND_CACHE, "cache operations");
      case Commands.WRITE_ZEROES -> {
        needs(negotiated, TransmissionFlags.SEND_WRITE_ZEROES, "zero operations");
        writable(negotiated, "write");
      }
      case Commands.BLOCK_STATUS -> blockStatus(negotiated, command);
      default -> {}
    }
    flag(negotiated, command, CommandFlags.FUA, TransmissionFlags.SEND_FUA, "FUA");
    flag(negotiated, command, CommandFlags.DF, TransmissionFlags.SEND_DF, "DF");
    flag(
        negotiated, command, CommandFlags.FAST_ZERO, TransmissionFlags.SEND_FAST_ZERO, "fast zero");
    boolean payloadLength = (command.flags & CommandFlags.PAYLOAD_LEN) != 0;
    if (payloadLength != (command.payload() != null && negotiated.extendedHeaders)) {
      throw Failure.usage(
          Errno.EINVAL,
          payloadLength
              ? "the payload length flag needs extended headers"
              : "incorrect setting for PAYLOAD_LEN flag");
    }
  }

  private static void needs(Negotiated negotiated, int flag, String what) throws Failure {
    if (!negotiated.has(flag)) {
      throw Failure.usage(Errno.EINVAL, "server does not support " + what);
    }
  }

  private static void writable(Negotiated negotiated, String what) throws Failure {
    if (negotiated.has(TransmissionFlags.READ_ONLY)) {
      throw Failure.usage(Errno.EPERM, "server does not support " + what + " operations");
    }
  }

  private static void flag(
      Negotiated negotiated, Command command, int flag, int capability, String name)
      throws Failure {
    if ((command.flags & flag) != 0 && !negotiated.has(capability)) {
      throw Failure.usage(Errno.EINVAL, "server does not support the " + name + " flag");
    }
  }

  private static void blockStatus(Negotiated negotiated, Command command) throws Failure {
    if (!negotiated.structuredReplies) {
      throw Failure.usage(Errno.ENOTSUP, "server does not support structured replies");
    }
    if (!negotiated.metaValid() || negotiated.metaContexts().isEmpty()) {
      throw Failure.usage(
          Errno.ENOTSUP,
          "did not negotiate any metadata contexts, either you did not call"
              + " nbd_add_meta_context before connecting or the server does not support it");
    }
    if (command.payload() != null) {
      needs(negotiated, TransmissionFlags.BLOCK_STATUS_PAYLOAD, "the block status payload flag");
    }
  }

  private static void bounds(Negotiated negotiated, Command command) throws Failure {
    long size = negotiated.size();
    if (Long.compareUnsigned(command.offset, size) > 0
        || Long.compareUnsigned(command.count, size - command.offset) > 0) {
      throw Failure.usage(
          switch (command.type) {
            case Commands.WRITE, Commands.TRIM, Commands.WRITE_ZEROES -> Errno.ENOSPC;
            default -> Errno.EINVAL;
          },
          "request out of bounds");
    }
  }

  private static void sizes(Settings settings, Negotiated negotiated, Command command)
      throws Failure {
    ByteBuffer payload = command.payload();
    if (payload != null
        && settings.strict(StrictMode.PAYLOAD)
        && payload.remaining() > negotiated.payloadMaximum()) {
      throw tooLarge(negotiated.payloadMaximum());
    }
    boolean data = command.type == Commands.READ || command.type == Commands.WRITE;
    if (data && command.count > Negotiated.MAX_PAYLOAD) {
      throw tooLarge(Negotiated.MAX_PAYLOAD);
    }
    if (!data
        && !negotiated.extendedHeaders
        && Long.compareUnsigned(command.count, MAX_COMPACT) > 0) {
      throw tooLarge(MAX_COMPACT);
    }
  }

  private static Failure tooLarge(long maximum) {
    return Failure.usage(Errno.ERANGE, "request too large: maximum request size is " + maximum);
  }
}
