package io.nbd4j.server.conn;

import io.nbd4j.server.backend.Capability;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.WireErrors;
import org.jspecify.annotations.Nullable;

/** Why a request is not carried out: an error of {@link WireErrors} and a text for people. */
record Refusal(int error, String message) {
  /** Checks everything about a request that needs no backend; null if it may be carried out. */
  static @Nullable Refusal of(Request request, Session session, int limit) {
    Export export = session.export();
    int allowed = allowedFlags(request, session);
    if (allowed < 0) {
      return new Refusal(
          WireErrors.EINVAL, Commands.name(request.type()) + " is not a command of this export");
    }
    if (changesData(request.type()) && !export.can(Capability.WRITE)) {
      return new Refusal(WireErrors.EPERM, "the export is read-only");
    }
    if ((request.flags() & ~allowed) != 0) {
      return new Refusal(
          WireErrors.EINVAL,
          "command flags 0x"
              + Integer.toHexString(request.flags() & ~allowed)
              + " are not for "
              + Commands.name(request.type()));
    }
    if (session.style() == ReplyStyle.EXTENDED
        && request.type() == Commands.WRITE
        && !request.has(CommandFlags.PAYLOAD_LEN)) {
      return new Refusal(WireErrors.EINVAL, "WRITE needs PAYLOAD_LEN with extended headers");
    }
    return request.type() == Commands.FLUSH ? null : range(request, export, limit);
  }

  private static @Nullable Refusal range(Request request, Export export, int limit) {
    long offset = request.offset();
    long length = request.length();
    long size = export.size();
    boolean write = request.type() == Commands.WRITE || request.type() == Commands.WRITE_ZEROES;
    // All four are needed: as signed numbers, huge offsets and lengths are negative.
    if (offset < 0 || length < 0 || offset > size || length > size - offset) {
      return new Refusal(
          write ? WireErrors.ENOSPC : WireErrors.EINVAL, "the range is not inside the export");
    }
    int minimum = export.blockSizes().minimum();
    boolean tail = offset + length == size;
    if (offset % minimum != 0 || (length % minimum != 0 && !tail)) {
      return new Refusal(WireErrors.EINVAL, "not aligned to " + minimum + " bytes");
    }
    boolean payload = request.type() == Commands.READ || request.type() == Commands.WRITE;
    if (payload && length > export.maximumPayload(limit)) {
      return new Refusal(
          request.has(CommandFlags.DF) ? WireErrors.EOVERFLOW : WireErrors.EINVAL,
          "longer than the maximum payload of " + export.maximumPayload(limit) + " bytes");
    }
    if (request.type() == Commands.BLOCK_STATUS && length == 0) {
      return new Refusal(WireErrors.EINVAL, "block status of nothing");
    }
    return null;
  }

  private static boolean changesData(int type) {
    return type == Commands.WRITE || type == Commands.TRIM || type == Commands.WRITE_ZEROES;
  }

  /** The flags that a command may have, or -1 if the client may not send the command. */
  private static int allowedFlags(Request request, Session session) {
    Export export = session.export();
    boolean extended = session.style() == ReplyStyle.EXTENDED;
    boolean structured = session.style() != ReplyStyle.SIMPLE;
    boolean readOnly = !export.can(Capability.WRITE);
    // Every command tolerates FUA once it is advertised; on a read-only export it means nothing,
    // and does no harm.
    int fua = export.takesFua() || readOnly ? CommandFlags.FUA : 0;
    int payloadLength = extended ? CommandFlags.PAYLOAD_LEN : 0;
    return switch (request.type()) {
      case Commands.READ -> fua | (structured ? CommandFlags.DF : 0);
      case Commands.WRITE -> fua | payloadLength;
      case Commands.FLUSH -> export.can(Capability.FLUSH) ? fua : -1;
      case Commands.TRIM -> readOnly || export.can(Capability.TRIM) ? fua : -1;
      case Commands.CACHE -> export.can(Capability.CACHE) ? fua : -1;
      case Commands.WRITE_ZEROES ->
          fua
              | CommandFlags.NO_HOLE
              | (export.can(Capability.FAST_ZERO) ? CommandFlags.FAST_ZERO : 0);
      case Commands.BLOCK_STATUS ->
          session.contexts().isEmpty() ? -1 : fua | CommandFlags.REQ_ONE | payloadLength;
      default -> -1;
    };
  }
}
