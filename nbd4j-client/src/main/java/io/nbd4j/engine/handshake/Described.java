package io.nbd4j.engine.handshake;

import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.engine.session.Trace;
import io.nbd4j.model.Errno;
import io.nbd4j.model.TlsMode;
import io.nbd4j.wire.HandshakeFlags;
import io.nbd4j.wire.InfoTypes;
import io.nbd4j.wire.option.InfoItem;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** What the server says of itself and of the export, checked and taken over. */
final class Described {

  private final Settings settings;
  private final Negotiated negotiated;
  private final Trace trace;

  Described(Settings settings, Negotiated negotiated, Trace trace) {
    this.settings = settings;
    this.negotiated = negotiated;
    this.trace = trace;
  }

  /** Takes the rest of an oldstyle greeting: the size first, then both kinds of flags. */
  void oldstyle(ByteBuffer greeting) throws Failure {
    if (settings.tls == TlsMode.REQUIRE) {
      throw Failure.server(
          Errno.ENOTSUP, "handshake: server is oldstyle, but handle TLS setting is 'require' (2)");
    }
    long size = greeting.getLong();
    int flags = greeting.getInt();
    if (flags >>> 16 != 0) {
      throw Failure.protocol(
          Errno.EINVAL,
          "handshake: oldstyle server sent handshake flags 0x"
              + Integer.toHexString(flags >>> 16)
              + ", which must be 0");
    }
    negotiated.protocol = "oldstyle";
    negotiated.serverHandshakeFlags = 0;
    export(size, flags);
  }

  /** Takes the handshake flags; the result is what both sides agree to. */
  int flags(ByteBuffer message) throws Failure {
    int common = message.getShort() & 0xffff & settings.handshakeFlags;
    negotiated.serverHandshakeFlags = common;
    boolean fixed = (common & HandshakeFlags.FIXED_NEWSTYLE) != 0;
    negotiated.protocol = fixed ? "newstyle-fixed" : "newstyle";
    if (!fixed && settings.tls == TlsMode.REQUIRE) {
      throw Failure.server(
          Errno.ENOTSUP,
          "handshake: server is not using fixed newstyle, but handle TLS setting is"
              + " 'require' (2)");
    }
    return common;
  }

  /** Takes size and transmission flags. */
  void export(long size, int flags) throws Failure {
    negotiated.export(size, flags);
    trace.message(
        "exportsize: " + Long.toUnsignedString(size) + " eflags: 0x" + Integer.toHexString(flags));
  }

  /** Takes one piece of information; unknown ones are skipped. */
  void info(InfoItem item) throws Failure {
    switch (item) {
      case InfoItem.Export export -> export(export.size(), export.transmissionFlags());
      case InfoItem.Name name -> negotiated.canonicalName(name.name());
      case InfoItem.Description text -> negotiated.description(text.description());
      case InfoItem.BlockSize sizes -> {
        if (!negotiated.blockSizes(sizes.minimum(), sizes.preferred(), sizes.maximum())) {
          trace.message("ignored block sizes that make no sense: " + sizes);
        }
      }
      case InfoItem.Unknown unknown ->
          trace.message("skipped information " + InfoTypes.name(unknown.type()));
    }
  }

  /** The information to ask for. */
  List<Integer> wanted() {
    List<Integer> wanted = new ArrayList<>();
    if (settings.requestBlockSize) {
      wanted.add(InfoTypes.BLOCK_SIZE);
    }
    if (settings.fullInfo) {
      wanted.add(InfoTypes.NAME);
      wanted.add(InfoTypes.DESCRIPTION);
    }
    return wanted;
  }

  /** Checks, at the end of an option, that the server has said what it must. */
  void complete(String option) throws Failure {
    if (!negotiated.exportKnown()) {
      throw Failure.protocol(
          Errno.EPROTO,
          "handshake: server acknowledged " + option + " without describing the export");
    }
    if (settings.requestMetaContext
        && (!negotiated.structuredReplies || settings.metaContexts.isEmpty())) {
      negotiated.metaValid(true);
    }
  }
}
