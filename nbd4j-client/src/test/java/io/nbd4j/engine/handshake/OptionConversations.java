package io.nbd4j.engine.handshake;

import static io.nbd4j.script.Messages.*;

import io.nbd4j.script.Bytes;
import java.util.ArrayList;
import java.util.List;

/** Conversations in which the caller negotiates option by option. */
final class OptionConversations {

  private static final long MIB = 1 << 20;
  private static final String NO_EXPORT = "newstyle-fixed/3 | no export | ";
  private static final String UNKNOWN_SIZES = "blocks 0/0/0 payload 33554432";
  private static final Conversation.Turn GOES = (settings, events) -> new Operation.Go(null);
  private static final Conversation.Turn ASKS = (settings, events) -> new Operation.GetInfo(null);
  private static final Conversation.Turn ABORTS = (settings, events) -> new Operation.Abort();
  private static final Conversation.Turn LISTS =
      (settings, events) ->
          new Operation.ListExports(
              (name, description) -> events.add("export " + name + ": " + description), null);
  private static final Conversation.Turn STARTS_TLS =
      (settings, events) -> new Operation.StartTls(null);
  private static final Conversation.Turn EXTENDS =
      (settings, events) -> new Operation.ExtendedHeaders(null);
  private static final Conversation.Turn STRUCTURES =
      (settings, events) -> new Operation.StructuredReply(null);

  private OptionConversations() {}

  static List<Conversation> all() {
    List<Conversation> all = new ArrayList<>();
    all.addAll(pauses());
    all.addAll(going());
    all.addAll(lists());
    all.addAll(metaContexts());
    all.addAll(features());
    all.addAll(notFixed());
    return all;
  }

  private static Conversation.Turn contexts(boolean set, String... queries) {
    return (settings, events) ->
        new Operation.MetaContexts(
            set, List.of(queries), name -> events.add("context " + name), null);
  }

  /** Fixed newstyle with none of the automatic options. */
  private static Conversation plain(String name) {
    return new Conversation(name).with(settings -> settings.structuredReplies = false);
  }

  private static List<Conversation> pauses() {
    return List.of(
        new Conversation("a pause after the automatic options")
            .with(settings -> settings.optMode = true)
            .server(newstyle(3), refusal(EXTENDED_HEADERS, ERR_UNSUP, ""), ack(STRUCTURED_REPLY))
            .client(clientFlags(3), option(EXTENDED_HEADERS), option(STRUCTURED_REPLY))
            .expect(
                "negotiating",
                "newstyle-fixed/3 sr | no export | " + UNKNOWN_SIZES + " | meta invalid"),
        plain("a pause at once")
            .with(settings -> settings.optMode = true)
            .server(newstyle(3))
            .client(clientFlags(3))
            .expect("negotiating", NO_EXPORT + UNKNOWN_SIZES + " | meta invalid"),
        plain("abort")
            .turn(ABORTS)
            .server(newstyle(3))
            .client(clientFlags(3), option(ABORT))
            .expect("aborted"),
        plain("abort after another option")
            .turn(LISTS)
            .turn(ABORTS)
            .server(newstyle(3), ack(LIST))
            .client(clientFlags(3), option(LIST), option(ABORT))
            .expect("agreed", "aborted"));
  }

  private static List<Conversation> going() {
    Bytes described = Bytes.all(infoExport(GO, MIB, 1), ack(GO));
    String ready = "newstyle-fixed/3 | 1048576 0x1 | " + UNKNOWN_SIZES + " | meta valid";
    return List.of(
        plain("go")
            .turn(GOES)
            .server(newstyle(3), described)
            .client(clientFlags(3), go(GO, "", 3))
            .expect("agreed", "transmission", ready),
        plain("go refused, then another name")
            .with(settings -> settings.exportName = "a")
            .turn(GOES)
            .turn((settings, events) -> {
              settings.exportName = "b";
              return new Operation.Go(null);
            })
            .server(
                newstyle(3),
                infoExport(GO, 7, 3),
                infoBlockSize(GO, 512, 4096, 0xffff_ffffL),
                infoName(GO, "A"),
                infoDescription(GO, "of a"),
                refusal(GO, ERR_UNKNOWN, "no a here"),
                described)
            .client(clientFlags(3), go(GO, "a", 3), go(GO, "b", 3))
            .expect("refused SERVER ENOENT *", "agreed", "transmission", ready),
        plain("go refused, then abort")
            .turn(GOES)
            .turn(ABORTS)
            .server(newstyle(3), refusal(GO, ERR_POLICY, ""))
            .client(clientFlags(3), go(GO, "", 3), option(ABORT))
            .expect("refused SERVER NONE *", "aborted"),
        plain("a refused go forgets the export")
            .turn(ASKS)
            .turn(GOES)
            .server(
                newstyle(3), infoExport(INFO, 7, 3), ack(INFO), refusal(GO, ERR_SHUTDOWN, "bye"))
            .client(clientFlags(3), go(INFO, "", 3), go(GO, "", 3))
            .expect(
                "agreed",
                "refused SERVER ESHUTDOWN *",
                "negotiating",
                NO_EXPORT + UNKNOWN_SIZES + " | meta invalid"),
        plain("go is unknown, so the export name option")
            .with(settings -> settings.exportName = "a")
            .turn(GOES)
            .server(newstyle(3), refusal(GO, ERR_UNSUP, ""), exportNameReply(MIB, 1, false))
            .client(clientFlags(3), go(GO, "a", 3), option(EXPORT_NAME, new Bytes().text("a")))
            .expect("agreed", "transmission", ready),
        plain("information, then go with what go says")
            .with(settings -> settings.fullInfo = true)
            .turn(ASKS)
            .turn(GOES)
            .server(newstyle(3), infoName(INFO, "n"), infoExport(INFO, 7, 3), ack(INFO), described)
            .client(clientFlags(3), go(INFO, "", 3, 1, 2), go(GO, "", 3, 1, 2))
            .expect(
                "agreed",
                "agreed",
                "transmission",
                "newstyle-fixed/3 | 1048576 0x1 name=n | " + UNKNOWN_SIZES + " | meta valid"),
        plain("information is unknown, which has no other way")
            .turn(ASKS)
            .server(newstyle(3), refusal(INFO, ERR_UNSUP, "no"))
            .client(clientFlags(3), go(INFO, "", 3))
            .expect(
                "refused SERVER ENOTSUP *",
                "negotiating",
                NO_EXPORT + UNKNOWN_SIZES + " | meta invalid"),
        plain("information without a description of the export")
            .turn(ASKS)
            .server(newstyle(3), infoName(INFO, "x"), ack(INFO))
            .client(clientFlags(3), go(INFO, "", 3))
            .expect("failed PROTOCOL *"),
        new Conversation("go asks for the contexts first")
            .with(settings -> settings.metaContexts.add("a:b"))
            .turn(GOES)
            .server(
                newstyle(3),
                ack(EXTENDED_HEADERS),
                metaContext(SET_META_CONTEXT, 5, "a:b"),
                ack(SET_META_CONTEXT),
                described)
            .client(
                clientFlags(3),
                option(EXTENDED_HEADERS),
                queries(SET_META_CONTEXT, "", "a:b"),
                go(GO, "", 3))
            .expect(
                "agreed",
                "transmission",
                "newstyle-fixed/3 sr eh | 1048576 0x1 | " + UNKNOWN_SIZES + " | meta valid 5=a:b"));
  }

  private static List<Conversation> lists() {
    Bytes asked = Bytes.all(clientFlags(3), option(LIST));
    String paused = NO_EXPORT + UNKNOWN_SIZES + " | meta invalid";
    return List.of(
        plain("a list of exports")
            .turn(LISTS)
            .server(newstyle(3), server("a", "first"), server("", ""), server("é", ""), ack(LIST))
            .client(asked)
            .expect(
                "export a: first", "export : ", "export é: ", "agreed 3", "negotiating", paused),
        plain("an empty list")
            .turn(LISTS)
            .server(newstyle(3), ack(LIST))
            .client(asked)
            .expect("agreed", "negotiating", paused),
        plain("a list cut off by a refusal")
            .turn(LISTS)
            .server(newstyle(3), server("a", ""), refusal(LIST, ERR_POLICY, "enough"))
            .client(asked)
            .expect("export a: ", "refused SERVER ENOTSUP *", "negotiating", paused),
        plain("an export whose name is longer than its reply")
            .turn(LISTS)
            .server(newstyle(3), reply(LIST, 2, new Bytes().u32(9).text("a")))
            .client(asked)
            .expect("failed PROTOCOL *"),
        plain("an export without a name's length")
            .turn(LISTS)
            .server(newstyle(3), reply(LIST, 2, new Bytes().u16(0)))
            .client(asked)
            .expect("failed PROTOCOL *"),
        plain("a name of the longest length")
            .turn(LISTS)
            .server(newstyle(3), server("n".repeat(4096), "d".repeat(4096)), ack(LIST))
            .client(asked)
            .expect(
                "export " + "n".repeat(4096) + ": " + "d".repeat(4096),
                "agreed 1",
                "negotiating",
                paused),
        plain("an export of 20000 bytes is skipped")
            .turn(LISTS)
            .server(newstyle(3), server("a", "x".repeat(20_000)), server("b", ""), ack(LIST))
            .client(asked)
            .expect("export b: ", "agreed 1", "negotiating", paused),
        plain("an export of 10000 bytes is skipped")
            .turn(LISTS)
            .server(newstyle(3), server("a", "x".repeat(10_000)), server("b", ""), ack(LIST))
            .client(asked)
            .expect("export b: ", "agreed 1", "negotiating", paused));
  }

  private static List<Conversation> metaContexts() {
    String nothing = NO_EXPORT + UNKNOWN_SIZES;
    return List.of(
        plain("contexts listed, without structured replies")
            .turn(contexts(false))
            .server(
                newstyle(3),
                metaContext(LIST_META_CONTEXT, 0, "base:allocation"),
                metaContext(LIST_META_CONTEXT, 0, "x:y"),
                ack(LIST_META_CONTEXT))
            .client(clientFlags(3), queries(LIST_META_CONTEXT, ""))
            .expect(
                "context base:allocation",
                "context x:y",
                "agreed 2",
                "negotiating",
                nothing + " | meta invalid"),
        plain("contexts listed with queries")
            .with(settings -> settings.exportName = "e")
            .turn(contexts(false, "base:", "x:"))
            .server(newstyle(3), ack(LIST_META_CONTEXT))
            .client(clientFlags(3), queries(LIST_META_CONTEXT, "e", "base:", "x:"))
            .expect("agreed", "negotiating", nothing + " | meta invalid"),
        plain("a refused list of contexts")
            .turn(contexts(false, "base:"))
            .server(newstyle(3), refusal(LIST_META_CONTEXT, ERR_INVALID, "no"))
            .client(clientFlags(3), queries(LIST_META_CONTEXT, "", "base:"))
            .expect("refused SERVER ENOTSUP *", "negotiating", nothing + " | meta invalid"),
        plain("listing keeps what was selected")
            .turn(contexts(true, "x:y"))
            .turn(contexts(false))
            .server(
                newstyle(3),
                metaContext(SET_META_CONTEXT, 3, "x:y"),
                ack(SET_META_CONTEXT),
                metaContext(LIST_META_CONTEXT, 9, "p:q"),
                ack(LIST_META_CONTEXT))
            .client(
                clientFlags(3),
                queries(SET_META_CONTEXT, "", "x:y"),
                queries(LIST_META_CONTEXT, ""))
            .expect(
                "context x:y",
                "agreed 1",
                "context p:q",
                "agreed 1",
                "negotiating",
                nothing + " | meta valid 3=x:y"),
        plain("selecting again replaces, and nothing selects nothing")
            .turn(contexts(true, "x:y"))
            .turn(contexts(true))
            .server(
                newstyle(3),
                metaContext(SET_META_CONTEXT, 3, "x:y"),
                ack(SET_META_CONTEXT),
                ack(SET_META_CONTEXT))
            .client(
                clientFlags(3), queries(SET_META_CONTEXT, "", "x:y"), queries(SET_META_CONTEXT, ""))
            .expect("context x:y", "agreed 1", "agreed", "negotiating", nothing + " | meta valid"),
        plain("a refused selection leaves none")
            .turn(contexts(true, "x:y"))
            .turn(contexts(true, "p:q"))
            .server(
                newstyle(3),
                metaContext(SET_META_CONTEXT, 3, "x:y"),
                ack(SET_META_CONTEXT),
                metaContext(SET_META_CONTEXT, 4, "p:q"),
                refusal(SET_META_CONTEXT, ERR_UNKNOWN, ""))
            .client(
                clientFlags(3),
                queries(SET_META_CONTEXT, "", "x:y"),
                queries(SET_META_CONTEXT, "", "p:q"))
            .expect(
                "context x:y",
                "agreed 1",
                "context p:q",
                "refused SERVER ENOTSUP *",
                "negotiating",
                nothing + " | meta invalid"),
        new Conversation("a selection by hand survives go")
            .with(settings -> settings.metaContexts.add("base:allocation"))
            .with(settings -> settings.requestMetaContext = false)
            .turn(contexts(true, "x:y"))
            .turn(GOES)
            .server(
                newstyle(3),
                ack(EXTENDED_HEADERS),
                metaContext(SET_META_CONTEXT, 3, "x:y"),
                ack(SET_META_CONTEXT),
                infoExport(GO, MIB, 1),
                ack(GO))
            .client(
                clientFlags(3),
                option(EXTENDED_HEADERS),
                queries(SET_META_CONTEXT, "", "x:y"),
                go(GO, "", 3))
            .expect(
                "context x:y",
                "agreed 1",
                "agreed",
                "transmission",
                "newstyle-fixed/3 sr eh | 1048576 0x1 | " + UNKNOWN_SIZES + " | meta valid 3=x:y"),
        new Conversation("a selection by hand is replaced by that of go")
            .turn(contexts(true, "x:y"))
            .turn(GOES)
            .server(
                newstyle(3),
                ack(EXTENDED_HEADERS),
                metaContext(SET_META_CONTEXT, 3, "x:y"),
                ack(SET_META_CONTEXT),
                infoExport(GO, MIB, 1),
                ack(GO))
            .client(
                clientFlags(3),
                option(EXTENDED_HEADERS),
                queries(SET_META_CONTEXT, "", "x:y"),
                go(GO, "", 3))
            .expect(
                "context x:y",
                "agreed 1",
                "agreed",
                "transmission",
                "newstyle-fixed/3 sr eh | 1048576 0x1 | " + UNKNOWN_SIZES + " | meta valid"));
  }

  private static List<Conversation> features() {
    String rest = " | no export | " + UNKNOWN_SIZES + " | meta invalid";
    return List.of(
        plain("extended headers by hand")
            .turn(EXTENDS)
            .server(newstyle(3), ack(EXTENDED_HEADERS))
            .client(clientFlags(3), option(EXTENDED_HEADERS))
            .expect("agreed", "negotiating", "newstyle-fixed/3 sr eh" + rest),
        plain("structured replies by hand")
            .turn(STRUCTURES)
            .server(newstyle(3), ack(STRUCTURED_REPLY))
            .client(clientFlags(3), option(STRUCTURED_REPLY))
            .expect("agreed", "negotiating", "newstyle-fixed/3 sr" + rest),
        plain("features refused")
            .turn(EXTENDS)
            .turn(STRUCTURES)
            .turn(STRUCTURES)
            .server(
                newstyle(3),
                refusal(EXTENDED_HEADERS, ERR_INVALID, "no"),
                refusal(STRUCTURED_REPLY, ERR_POLICY, "no"),
                refusal(STRUCTURED_REPLY, ERR_UNSUP, ""))
            .client(
                clientFlags(3),
                option(EXTENDED_HEADERS),
                option(STRUCTURED_REPLY),
                option(STRUCTURED_REPLY))
            .expect(
                "refused SERVER EINVAL *",
                "refused SERVER ENOTSUP *",
                "refused SERVER ENOTSUP *",
                "negotiating",
                "newstyle-fixed/3" + rest),
        plain("a refused repetition takes nothing away")
            .turn(EXTENDS)
            .turn(EXTENDS)
            .turn(STRUCTURES)
            .server(
                newstyle(3),
                ack(EXTENDED_HEADERS),
                refusal(EXTENDED_HEADERS, ERR_INVALID, "again"),
                refusal(STRUCTURED_REPLY, ERR_EXT_HEADER_REQD, ""))
            .client(
                clientFlags(3),
                option(EXTENDED_HEADERS),
                option(EXTENDED_HEADERS),
                option(STRUCTURED_REPLY))
            .expect(
                "agreed",
                "refused SERVER EINVAL *",
                "refused SERVER ENOTSUP *",
                "negotiating",
                "newstyle-fixed/3 sr eh" + rest),
        plain("TLS refused")
            .turn(STARTS_TLS)
            .server(newstyle(3), refusal(STARTTLS, ERR_PLATFORM, ""))
            .client(clientFlags(3), option(STARTTLS))
            .expect("refused SERVER ENOTSUP *", "negotiating", "newstyle-fixed/3" + rest),
        plain("an answer to another option")
            .turn(EXTENDS)
            .server(newstyle(3), ack(STRUCTURED_REPLY))
            .client(clientFlags(3), option(EXTENDED_HEADERS))
            .expect("failed PROTOCOL EPROTO *"),
        plain("information where none was asked for")
            .turn(EXTENDS)
            .server(newstyle(3), infoExport(EXTENDED_HEADERS, MIB, 1))
            .client(clientFlags(3), option(EXTENDED_HEADERS))
            .expect("failed PROTOCOL EPROTO *"));
  }

  private static List<Conversation> notFixed() {
    String local = "not begun USAGE ENOTSUP server is not using fixed newstyle protocol";
    return List.of(
        new Conversation("only go without fixed newstyle")
            .with(settings -> settings.exportName = "x")
            .turn(ASKS)
            .turn(LISTS)
            .turn(contexts(false))
            .turn(contexts(true))
            .turn(EXTENDS)
            .turn(STRUCTURES)
            .turn(STARTS_TLS)
            .turn(GOES)
            .server(newstyle(2), exportNameReply(MIB, 1, false))
            .client(clientFlags(2), option(EXPORT_NAME, new Bytes().text("x")))
            .expect(
                local,
                local,
                local,
                local,
                local,
                local,
                local,
                "agreed",
                "transmission",
                "newstyle/2 | 1048576 0x1 | " + UNKNOWN_SIZES + " | meta valid"),
        new Conversation("no abort without fixed newstyle")
            .turn(ABORTS)
            .server(newstyle(2))
            .client(clientFlags(2))
            .expect(
                "not begun PROTOCOL ENOTSUP *",
                "negotiating",
                "newstyle/2 | no export | " + UNKNOWN_SIZES + " | meta invalid"));
  }
}
