package io.nbd4j.engine.handshake;

import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.engine.session.Statistics;
import io.nbd4j.engine.session.Trace;
import io.nbd4j.engine.state.State;
import io.nbd4j.model.Errno;
import io.nbd4j.net.Transport;
import io.nbd4j.wire.HandshakeFlags;
import io.nbd4j.wire.Limits;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.Options;
import io.nbd4j.wire.option.OptionCodec;
import io.nbd4j.wire.option.OptionReply;
import io.nbd4j.wire.option.OptionRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The handshake as one sequential machine over bytes: it never waits, and {@link #run} takes up
 * where it left off.
 *
 * <p>It reads no byte past the message at hand, because what follows the last one belongs to TLS or
 * to transmission. Protocol specification: sections "Fixed newstyle negotiation" and "Option
 * types".
 */
public final class Handshake {

  /** Where {@link #run} stopped. */
  public enum Progress {
    /** More bytes, or more room for them, are needed: see {@link State.Handshake#sending()}. */
    BLOCKED,
    /** Paused for the caller's next option. */
    NEGOTIATING,
    /** Transmission begins with the next byte. */
    TRANSMISSION,
    /** The connection was ended in order by the abort option. */
    ABORTED
  }

  /** The steps that are taken by themselves, in this order; a caller's option starts at its own. */
  private enum Stage {
    EXTENDED_HEADERS,
    STRUCTURED_REPLY,
    PAUSE,
    SET_META_CONTEXT,
    GO,
    EXPORT_NAME,
    DONE
  }

  private static final int MAGIC_SIZE = 16;
  private static final int OLDSTYLE_REST = Limits.OLDSTYLE_HEADER - MAGIC_SIZE;
  private static final int EXPORT_NAME_REPLY = 10;

  /** Replies with two strings of the longest size fit; larger ones are skipped. */
  private static final int MAX_REPLY = 2 * Limits.MAX_STRING + 16;

  private final Settings settings;
  private final Negotiated negotiated;
  private final Statistics statistics;
  private final Trace trace;

  private State.Handshake state = State.Handshake.RECV_MAGIC;
  private Stage stage = Stage.EXTENDED_HEADERS;
  private @Nullable Operation operation;
  private @Nullable OptionRequest request;
  private @Nullable Failure fatal;
  private final HandshakeBytes bytes;
  private final Described description;
  private OptionCodec.@Nullable ReplyHeader reply;

  public Handshake(Settings settings, Negotiated negotiated, Statistics statistics, Trace trace) {
    this.settings = settings;
    this.negotiated = negotiated;
    this.statistics = statistics;
    this.trace = trace;
    this.bytes = new HandshakeBytes(statistics);
    this.description = new Described(settings, negotiated, trace);
    bytes.expect(MAGIC_SIZE);
  }

  public State.Handshake state() {
    return state;
  }

  /** The refusal that the connection is about to end with, or null. */
  public @Nullable Failure fatal() {
    return fatal;
  }

  /** Starts a caller's option; the machine must be paused. */
  public void begin(Operation next) throws Failure {
    operation = null;
    if (!negotiated.fixedNewstyle()) {
      switch (next) {
        case Operation.Go _ -> {}
        case Operation.Abort _ ->
            throw Failure.protocol(
                Errno.ENOTSUP, "server is not using fixed newstyle protocol, it can't be aborted");
        case Operation.GetInfo _,
            Operation.StartTls _,
            Operation.ExtendedHeaders _,
            Operation.StructuredReply _,
            Operation.ListExports _,
            Operation.MetaContexts _ ->
            throw notFixed();
      }
    }
    operation = next;
    switch (next) {
      case Operation.Go _ -> enter(Stage.SET_META_CONTEXT);
      case Operation.GetInfo _ -> enter(Stage.SET_META_CONTEXT);
      case Operation.Abort _ -> send(new OptionRequest.Abort());
      case Operation.StartTls _ -> send(new OptionRequest.StartTls());
      case Operation.ExtendedHeaders _ -> send(new OptionRequest.ExtendedHeaders());
      case Operation.StructuredReply _ -> send(new OptionRequest.StructuredReply());
      case Operation.ListExports list -> send(new OptionRequest.ListExports());
      case Operation.MetaContexts meta -> {
        if (meta.set) {
          negotiated.clearMetaContexts();
          send(new OptionRequest.SetMetaContext(settings.exportName, meta.queries));
        } else {
          send(new OptionRequest.ListMetaContext(settings.exportName, meta.queries));
        }
      }
    }
  }

  private static Failure notFixed() {
    return Failure.usage(Errno.ENOTSUP, "server is not using fixed newstyle protocol");
  }

  /** Goes on until bytes are missing or the handshake rests. */
  public Progress run(Transport transport) throws IOException, Failure {
    while (true) {
      switch (state) {
        case RECV_MAGIC -> {
          if (!bytes.filled(transport)) {
            return Progress.BLOCKED;
          }
          magic();
        }
        case RECV_OLDSTYLE -> {
          if (!bytes.filled(transport)) {
            return Progress.BLOCKED;
          }
          oldstyle();
          return Progress.TRANSMISSION;
        }
        case RECV_FLAGS -> {
          if (!bytes.filled(transport)) {
            return Progress.BLOCKED;
          }
          flags();
        }
        case SEND_FLAGS -> {
          if (!bytes.drained(transport)) {
            return Progress.BLOCKED;
          }
          if (negotiated.fixedNewstyle()) {
            enter(Stage.EXTENDED_HEADERS);
          } else {
            enter(settings.optMode ? Stage.PAUSE : Stage.EXPORT_NAME);
          }
        }
        case SEND_OPTION -> {
          if (!bytes.drained(transport)) {
            return Progress.BLOCKED;
          }
          Progress ended = sent(transport);
          if (ended != null) {
            return ended;
          }
        }
        case RECV_REPLY -> {
          if (!bytes.filled(transport)) {
            return Progress.BLOCKED;
          }
          replyHeader();
        }
        case RECV_REPLY_PAYLOAD -> {
          if (!bytes.filled(transport)) {
            return Progress.BLOCKED;
          }
          replyPayload();
        }
        case SKIP_REPLY_PAYLOAD -> {
          if (!bytes.skipped(transport)) {
            return Progress.BLOCKED;
          }
          skippedReply();
        }
        case RECV_EXPORT -> {
          if (!bytes.filled(transport)) {
            return Progress.BLOCKED;
          }
          exportNameReply();
        }
        case NEGOTIATING -> {
          return stage == Stage.DONE ? Progress.TRANSMISSION : Progress.NEGOTIATING;
        }
      }
    }
  }

  private void expect(State.Handshake next, int size) {
    state = next;
    bytes.expect(size);
  }

  // The beginning.

  private void magic() throws Failure {
    if (bytes.in().getLong() != Magic.INIT) {
      throw Failure.protocol(Errno.NONE, "handshake: server did not send expected NBD magic");
    }
    statistics.chunkReceived();
    long version = bytes.in().getLong();
    if (version == Magic.IHAVEOPT) {
      expect(State.Handshake.RECV_FLAGS, Short.BYTES);
    } else if (version == Magic.OLDSTYLE) {
      expect(State.Handshake.RECV_OLDSTYLE, OLDSTYLE_REST);
    } else {
      throw Failure.protocol(
          Errno.NONE, "handshake: server is not either an oldstyle or fixed newstyle NBD server");
    }
  }

  private void oldstyle() throws Failure {
    description.oldstyle(bytes.in());
    description.complete("oldstyle");
  }

  private void flags() throws Failure {
    int common = description.flags(bytes.in());
    bytes.send(ByteBuffer.allocate(Integer.BYTES).putInt(common).flip());
    state = State.Handshake.SEND_FLAGS;
  }

  // Options.

  private void send(OptionRequest next) throws Failure {
    request = next;
    try {
      bytes.send(OptionCodec.encode(next));
    } catch (IllegalArgumentException e) {
      throw Failure.usage(Errno.EINVAL, String.valueOf(e.getMessage()));
    }
    statistics.chunkSent();
    state = State.Handshake.SEND_OPTION;
  }

  private @Nullable Progress sent(Transport transport) throws IOException, Failure {
    switch (Objects.requireNonNull(request)) {
      case OptionRequest.ExportName _ ->
          expect(
              State.Handshake.RECV_EXPORT,
              EXPORT_NAME_REPLY
                  + ((negotiated.serverHandshakeFlags & HandshakeFlags.NO_ZEROES) != 0
                      ? 0
                      : Limits.EXPORT_NAME_ZEROES));
      case OptionRequest.Abort _ -> {
        transport.shutdownOutput();
        if (fatal != null) {
          throw fatal;
        }
        return Progress.ABORTED;
      }
      case OptionRequest.Go _,
          OptionRequest.Info _,
          OptionRequest.ListExports _,
          OptionRequest.ListMetaContext _,
          OptionRequest.SetMetaContext _,
          OptionRequest.StartTls _,
          OptionRequest.StructuredReply _,
          OptionRequest.ExtendedHeaders _,
          OptionRequest.Unknown _ ->
          awaitReply();
    }
    return null;
  }

  private void awaitReply() {
    expect(State.Handshake.RECV_REPLY, OptionCodec.REPLY_HEADER);
  }

  private void replyHeader() throws Failure {
    OptionCodec.ReplyHeader header = bytes.replyHeader(Objects.requireNonNull(request).code());
    reply = header;
    if (header.length() > MAX_REPLY) {
      bytes.skip(header.length());
      state = State.Handshake.SKIP_REPLY_PAYLOAD;
    } else {
      expect(State.Handshake.RECV_REPLY_PAYLOAD, (int) header.length());
    }
  }

  private void skippedReply() throws Failure {
    OptionCodec.ReplyHeader header = Objects.requireNonNull(reply);
    if (header.type() == OptionReplies.ACK || OptionReplies.isError(header.type())) {
      throw Failure.protocol(
          Errno.EPROTO,
          "handshake: option reply "
              + OptionReplies.name(header.type())
              + " of "
              + header.length()
              + " bytes is too large");
    }
    trace.message("skipped an option reply of " + header.length() + " bytes");
    awaitReply();
  }

  private void replyPayload() throws Failure {
    OptionReply answer;
    try {
      answer = OptionCodec.decodeReply(Objects.requireNonNull(reply).type(), bytes.in());
    } catch (MalformedMessageException e) {
      throw Failure.protocol(Errno.EPROTO, "handshake: invalid option reply: " + e.getMessage());
    }
    switch (answer) {
      case OptionReply.Ack _ -> acknowledged();
      case OptionReply.Error error -> refused(error);
      case OptionReply.Info info -> {
        if (request instanceof OptionRequest.Go || request instanceof OptionRequest.Info) {
          description.info(info.item());
          awaitReply();
        } else {
          throw unexpected(answer);
        }
      }
      case OptionReply.Server server -> {
        if (operation instanceof Operation.ListExports list
            && request instanceof OptionRequest.ListExports) {
          list.counted();
          list.list.export(server.name(), server.description());
          awaitReply();
        } else {
          throw unexpected(answer);
        }
      }
      case OptionReply.MetaContext context -> {
        boolean set = request instanceof OptionRequest.SetMetaContext;
        if (!set && !(request instanceof OptionRequest.ListMetaContext)) {
          throw unexpected(answer);
        }
        if (set) {
          negotiated.addMetaContext(context.id(), context.name());
          trace.message("negotiated " + context.name() + " with context ID " + context.id());
        }
        if (operation instanceof Operation.MetaContexts meta) {
          meta.counted();
          meta.context.context(context.name());
        }
        awaitReply();
      }
      case OptionReply.Unknown unknown -> throw unexpected(answer);
    }
  }

  private Failure unexpected(OptionReply answer) {
    return Failure.protocol(
        Errno.EPROTO,
        "handshake: unexpected reply "
            + OptionReplies.name(answer.type())
            + " to option "
            + Options.name(Objects.requireNonNull(request).code()));
  }

  private void acknowledged() throws Failure {
    switch (Objects.requireNonNull(request)) {
      case OptionRequest.ExtendedHeaders _ -> {
        negotiated.extendedHeaders = true;
        negotiated.structuredReplies = true;
        trace.message("negotiated extended headers on this connection");
        next(Stage.STRUCTURED_REPLY);
      }
      case OptionRequest.StructuredReply _ -> {
        negotiated.structuredReplies = true;
        trace.message("negotiated structured replies on this connection");
        next(Stage.PAUSE);
      }
      case OptionRequest.SetMetaContext _ -> {
        negotiated.metaValid(true);
        if (operation instanceof Operation.MetaContexts) {
          pause(null);
        } else {
          enter(Stage.GO);
        }
      }
      case OptionRequest.ListMetaContext _, OptionRequest.ListExports _ -> pause(null);
      case OptionRequest.Go _ -> {
        description.complete("NBD_OPT_GO");
        finishGo();
      }
      case OptionRequest.Info _ -> {
        description.complete("NBD_OPT_INFO");
        pause(null);
      }
      case OptionRequest.StartTls _ ->
          throw Failure.protocol(
              Errno.ENOTSUP, "handshake: the server is ready for TLS, which this build lacks");
      case OptionRequest.Abort _, OptionRequest.ExportName _, OptionRequest.Unknown _ ->
          throw stray();
    }
  }

  private IllegalStateException stray() {
    return new IllegalStateException("no reply belongs to " + request);
  }

  private void refused(OptionReply.Error error) throws Failure {
    OptionRequest asked = Objects.requireNonNull(request);
    switch (asked) {
      case OptionRequest.ExtendedHeaders _ -> {
        trace.message("extended headers are not supported by this server");
        refusedFeature(error, Stage.STRUCTURED_REPLY);
      }
      case OptionRequest.StructuredReply _ -> {
        trace.message("structured replies are not supported by this server");
        refusedFeature(error, Stage.PAUSE);
      }
      case OptionRequest.StartTls _ -> refusedFeature(error, Stage.EXTENDED_HEADERS);
      case OptionRequest.SetMetaContext _ -> {
        // A server that has named none yet has simply none of them.
        boolean noneNamed = negotiated.metaContexts().isEmpty();
        negotiated.clearMetaContexts();
        if (operation instanceof Operation.MetaContexts) {
          pause(Refusals.of(error, Errno.ENOTSUP, settings.exportName));
        } else {
          negotiated.metaValid(noneNamed);
          trace.message("the server refused the meta contexts: " + Refusals.text(error, ""));
          enter(Stage.GO);
        }
      }
      case OptionRequest.ListMetaContext _, OptionRequest.ListExports _ ->
          pause(Refusals.of(error, Errno.ENOTSUP, settings.exportName));
      case OptionRequest.Go _ -> {
        if (error.type() == OptionReplies.ERR_UNSUP && !negotiated.extendedHeaders) {
          trace.message("server does not support NBD_OPT_GO, trying NBD_OPT_EXPORT_NAME");
          enter(Stage.EXPORT_NAME);
        } else {
          refusedGo(Refusals.of(error, settings.exportName));
        }
      }
      case OptionRequest.Info _ -> {
        negotiated.forgetExport();
        pause(Refusals.of(error, settings.exportName));
      }
      case OptionRequest.Abort _, OptionRequest.ExportName _, OptionRequest.Unknown _ ->
          throw stray();
    }
  }

  private void refusedFeature(OptionReply.Error error, Stage following) throws Failure {
    if (operation != null) {
      int errno = error.type() == OptionReplies.ERR_INVALID ? Errno.EINVAL : Errno.ENOTSUP;
      pause(Refusals.of(error, errno, settings.exportName));
    } else {
      enter(following);
    }
  }

  private void refusedGo(Failure why) throws Failure {
    negotiated.forgetExport();
    if (settings.optMode) {
      pause(why);
    } else {
      fatal = Failure.server(why.errno(), "handshake: " + why.text());
      send(new OptionRequest.Abort());
    }
  }

  private void exportNameReply() throws Failure {
    long size = bytes.in().getLong();
    description.export(size, bytes.in().getShort() & 0xffff);
    description.complete("NBD_OPT_EXPORT_NAME");
    finishGo();
  }

  private void finishGo() {
    stage = Stage.DONE;
    state = State.Handshake.NEGOTIATING;
    if (operation != null) {
      operation.finish(null);
    }
  }

  private void pause(@Nullable Failure refusal) {
    stage = Stage.PAUSE;
    state = State.Handshake.NEGOTIATING;
    if (operation != null) {
      operation.finish(refusal);
    }
  }

  /** What comes after a feature was agreed on: the caller's turn, or the next step. */
  private void next(Stage following) throws Failure {
    if (operation != null) {
      pause(null);
    } else {
      enter(following);
    }
  }

  /** Enters a stage, or the next one that is not to be skipped. */
  private void enter(Stage from) throws Failure {
    stage = from;
    switch (from) {
      case EXTENDED_HEADERS -> {
        if (settings.extendedHeaders && settings.structuredReplies) {
          send(new OptionRequest.ExtendedHeaders());
        } else {
          enter(Stage.STRUCTURED_REPLY);
        }
      }
      case STRUCTURED_REPLY -> {
        if (settings.structuredReplies && !negotiated.structuredReplies) {
          send(new OptionRequest.StructuredReply());
        } else {
          enter(Stage.PAUSE);
        }
      }
      case PAUSE -> {
        if (settings.optMode) {
          pause(null);
        } else {
          enter(Stage.SET_META_CONTEXT);
        }
      }
      case SET_META_CONTEXT -> {
        if (!negotiated.fixedNewstyle()) {
          enter(Stage.EXPORT_NAME);
        } else if (settings.requestMetaContext
            && negotiated.structuredReplies
            && !settings.metaContexts.isEmpty()) {
          negotiated.clearMetaContexts();
          send(
              new OptionRequest.SetMetaContext(
                  settings.exportName, List.copyOf(settings.metaContexts)));
        } else {
          if (settings.requestMetaContext) {
            negotiated.clearMetaContexts();
          }
          enter(Stage.GO);
        }
      }
      case GO -> {
        List<Integer> wanted = description.wanted();
        send(
            operation instanceof Operation.GetInfo
                ? new OptionRequest.Info(settings.exportName, wanted)
                : new OptionRequest.Go(settings.exportName, wanted));
      }
      case EXPORT_NAME -> send(new OptionRequest.ExportName(settings.exportName));
      case DONE -> finishGo();
    }
  }
}
