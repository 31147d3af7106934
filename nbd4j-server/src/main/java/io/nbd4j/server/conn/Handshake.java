package io.nbd4j.server.conn;

import io.nbd4j.server.backend.BlockSizes;
import io.nbd4j.wire.HandshakeFlags;
import io.nbd4j.wire.InfoTypes;
import io.nbd4j.wire.Limits;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.Options;
import io.nbd4j.wire.option.InfoItem;
import io.nbd4j.wire.option.OptionCodec;
import io.nbd4j.wire.option.OptionReply;
import io.nbd4j.wire.option.OptionRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The fixed newstyle handshake: option after option, until the client enters the transmission or
 * leaves.
 */
final class Handshake {
  /** A minimum block size above this is not what a client assumes that does not ask. */
  private static final int ASSUMED_BLOCK = 512;

  private final ExportTable exports;
  private final int payloadLimit;
  private final Input input;
  private final Link link;
  private final List<ByteBuffer> replies = new ArrayList<>();
  private boolean padding;
  private ReplyStyle style = ReplyStyle.SIMPLE;
  private String contextsFor = "";
  private List<MetaContext> contexts = List.of();

  Handshake(ExportTable exports, int payloadLimit, Input input, Link link) {
    this.exports = exports;
    this.payloadLimit = payloadLimit;
    this.input = input;
    this.link = link;
  }

  /** What an option leads to. */
  private enum Next {
    OPTION,
    TRANSMISSION,
    END
  }

  /** Returns what was agreed, or null if the client is done. */
  @Nullable Session run() throws IOException {
    boolean fixed = greet();
    while (input.require(OptionCodec.REQUEST_HEADER)) {
      OptionCodec.RequestHeader header = OptionCodec.decodeRequestHeader(input.bytes());
      input.bytes().position(input.bytes().position() + OptionCodec.REQUEST_HEADER);
      if (!fixed && header.option() != Options.EXPORT_NAME) {
        throw new ProtocolViolationException(
            "option " + Options.name(header.option()) + " without fixed newstyle");
      }
      Export export = null;
      Next next = Next.OPTION;
      if (header.length() > Bounds.OPTION) {
        tooBig(header);
      } else {
        OptionRequest request = read(header);
        if (request != null) {
          export = chosen(request);
          next = answer(request, export);
        }
      }
      if (next == Next.END) {
        farewell();
        return null;
      }
      flush();
      if (next == Next.TRANSMISSION) {
        return new Session(Objects.requireNonNull(export), style, contexts);
      }
    }
    return null;
  }

  /** Answers ABORT. Most clients do not wait for that. */
  private void farewell() {
    try {
      flush();
    } catch (IOException e) {
      // It has left already.
    }
  }

  private boolean greet() throws IOException {
    replies.add(
        ByteBuffer.allocate(18)
            .putLong(Magic.INIT)
            .putLong(Magic.IHAVEOPT)
            .putShort((short) HandshakeFlags.KNOWN)
            .flip());
    flush();
    input.demand(Integer.BYTES);
    int flags = input.bytes().getInt();
    if ((flags & ~HandshakeFlags.KNOWN) != 0) {
      throw new ProtocolViolationException("client flags 0x" + Integer.toHexString(flags));
    }
    padding = (flags & HandshakeFlags.NO_ZEROES) == 0;
    return (flags & HandshakeFlags.FIXED_NEWSTYLE) != 0;
  }

  private void tooBig(OptionCodec.RequestHeader header) throws IOException {
    if (header.option() == Options.EXPORT_NAME) {
      throw new ProtocolViolationException("an export name of " + header.length() + " bytes");
    }
    input.skip(header.length());
    if (header.option() == Options.SET_META_CONTEXT) {
      contexts = List.of();
    }
    error(
        header.option(),
        OptionReplies.ERR_TOO_BIG,
        "options may have " + Bounds.OPTION + " bytes of data");
  }

  /** Reads an option's data; null if they are malformed, which is answered here. */
  private @Nullable OptionRequest read(OptionCodec.RequestHeader header) throws IOException {
    int length = (int) header.length();
    if (length > 0) {
      input.demand(length);
    }
    ByteBuffer bytes = input.bytes();
    ByteBuffer data = bytes.slice(bytes.position(), length);
    bytes.position(bytes.position() + length);
    try {
      return OptionCodec.decodeRequest(header.option(), data);
    } catch (MalformedMessageException e) {
      if (header.option() == Options.EXPORT_NAME) {
        throw e;
      }
      if (header.option() == Options.SET_META_CONTEXT) {
        contexts = List.of();
      }
      error(header.option(), OptionReplies.ERR_INVALID, Objects.toString(e.getMessage()));
      return null;
    }
  }

  /** The export that an option names, if it names one. */
  private @Nullable Export chosen(OptionRequest request) {
    return switch (request) {
      case OptionRequest.ExportName(String name) -> exports.find(name);
      case OptionRequest.Info(String name, List<Integer> _) -> exports.find(name);
      case OptionRequest.Go(String name, List<Integer> _) -> exports.find(name);
      case OptionRequest.ListMetaContext(String name, List<String> _) -> exports.find(name);
      case OptionRequest.SetMetaContext(String name, List<String> _) -> exports.find(name);
      case OptionRequest.Abort _,
          OptionRequest.ListExports _,
          OptionRequest.StartTls _,
          OptionRequest.StructuredReply _,
          OptionRequest.ExtendedHeaders _,
          OptionRequest.Unknown _ ->
          null;
    };
  }

  private Next answer(OptionRequest request, @Nullable Export export) throws IOException {
    int option = request.code();
    switch (request) {
      case OptionRequest.ExportName(String name) -> {
        return exportName(name, export);
      }
      case OptionRequest.Abort _ -> {
        reply(option, new OptionReply.Ack());
        return Next.END;
      }
      case OptionRequest.ListExports _ -> {
        exports
            .all()
            .forEach(
                each -> reply(option, new OptionReply.Server(each.name(), each.description())));
        reply(option, new OptionReply.Ack());
      }
      case OptionRequest.Info(String name, List<Integer> types) ->
          info(option, name, export, types);
      case OptionRequest.Go(String name, List<Integer> types) -> {
        if (info(option, name, export, types)) {
          keepContextsFor(name);
          return Next.TRANSMISSION;
        }
      }
      case OptionRequest.StructuredReply _ -> structuredReply(option);
      case OptionRequest.ExtendedHeaders _ -> extendedHeaders(option);
      case OptionRequest.ListMetaContext(String name, List<String> queries) ->
          metaContext(option, name, export, MetaContext.list(queries));
      case OptionRequest.SetMetaContext(String name, List<String> queries) -> {
        contexts = List.of();
        if (metaContext(option, name, export, MetaContext.set(queries))) {
          contexts = MetaContext.set(queries);
          contextsFor = name;
        }
      }
      case OptionRequest.StartTls _ ->
          error(option, OptionReplies.ERR_UNSUP, "this server has no TLS");
      case OptionRequest.Unknown(int code, byte[] _) ->
          error(option, OptionReplies.ERR_UNSUP, "no such option: " + Options.name(code));
    }
    return Next.OPTION;
  }

  private Next exportName(String name, @Nullable Export export) throws IOException {
    if (style == ReplyStyle.EXTENDED) {
      throw new ProtocolViolationException("EXPORT_NAME after EXTENDED_HEADERS");
    }
    if (export == null) {
      // This option has no error reply: the connection ends.
      throw new ProtocolViolationException("no export " + quoted(name));
    }
    int zeroes = padding ? Limits.EXPORT_NAME_ZEROES : 0;
    ByteBuffer reply =
        ByteBuffer.allocate(Limits.EXPORT_NAME_REPLY + zeroes)
            .putLong(export.size())
            .putShort((short) export.transmissionFlags(style));
    replies.add(reply.clear());
    keepContextsFor(name);
    return Next.TRANSMISSION;
  }

  /** Contexts are bound to the name they were selected with. */
  private void keepContextsFor(String name) {
    if (!name.equals(contextsFor)) {
      contexts = List.of();
    }
  }

  private boolean info(int option, String name, @Nullable Export export, List<Integer> types) {
    if (export == null) {
      return unknown(option, name);
    }
    BlockSizes sizes = export.blockSizes();
    boolean sizesAsked = types.contains(InfoTypes.BLOCK_SIZE);
    if (sizes.minimum() > ASSUMED_BLOCK && !sizesAsked && option == Options.GO) {
      error(
          option,
          OptionReplies.ERR_BLOCK_SIZE_REQD,
          "the minimum block size is " + sizes.minimum() + " bytes");
      return false;
    }
    info(option, new InfoItem.Export(export.size(), export.transmissionFlags(style)));
    if (sizesAsked) {
      int most = export.maximumPayload(payloadLimit);
      int preferred = Math.min(sizes.preferred(), Integer.highestOneBit(most));
      info(option, new InfoItem.BlockSize(sizes.minimum(), preferred, most));
    }
    if (types.contains(InfoTypes.NAME)) {
      info(option, new InfoItem.Name(export.name()));
    }
    if (types.contains(InfoTypes.DESCRIPTION) && !export.description().isEmpty()) {
      info(option, new InfoItem.Description(export.description()));
    }
    reply(option, new OptionReply.Ack());
    return true;
  }

  private void structuredReply(int option) {
    switch (style) {
      case SIMPLE -> {
        style = ReplyStyle.STRUCTURED;
        reply(option, new OptionReply.Ack());
      }
      case STRUCTURED ->
          error(option, OptionReplies.ERR_INVALID, "structured replies are agreed already");
      case EXTENDED ->
          error(option, OptionReplies.ERR_EXT_HEADER_REQD, "extended headers are agreed already");
    }
  }

  private void extendedHeaders(int option) {
    if (style == ReplyStyle.EXTENDED) {
      error(option, OptionReplies.ERR_INVALID, "extended headers are agreed already");
    } else {
      style = ReplyStyle.EXTENDED;
      reply(option, new OptionReply.Ack());
    }
  }

  private boolean metaContext(
      int option, String name, @Nullable Export export, List<MetaContext> found) {
    if (style == ReplyStyle.SIMPLE) {
      error(option, OptionReplies.ERR_INVALID, "ask for structured replies first");
      return false;
    }
    if (export == null) {
      return unknown(option, name);
    }
    found.forEach(each -> reply(option, new OptionReply.MetaContext(each.id(), each.name())));
    reply(option, new OptionReply.Ack());
    return true;
  }

  private boolean unknown(int option, String name) {
    error(option, OptionReplies.ERR_UNKNOWN, "no export " + quoted(name));
    return false;
  }

  private static String quoted(String name) {
    int most = 100;
    return name.codePointCount(0, name.length()) <= most
        ? '"' + name + '"'
        : '"' + name.substring(0, name.offsetByCodePoints(0, most)) + "…\"";
  }

  private void info(int option, InfoItem item) {
    reply(option, new OptionReply.Info(item));
  }

  private void error(int option, int type, String message) {
    reply(option, new OptionReply.Error(type, message));
  }

  private void reply(int option, OptionReply reply) {
    replies.add(OptionCodec.encode(option, reply));
  }

  private void flush() throws IOException {
    link.write(replies.toArray(ByteBuffer[]::new), replies.size());
    replies.clear();
  }
}
