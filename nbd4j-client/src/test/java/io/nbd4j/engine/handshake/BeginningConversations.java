package io.nbd4j.engine.handshake;

import static io.nbd4j.script.Messages.*;

import io.nbd4j.model.TlsMode;
import io.nbd4j.script.Bytes;
import java.util.ArrayList;
import java.util.List;

/** Conversations that go straight to transmission, or fail on the way. */
final class BeginningConversations {

  private static final long MIB = 1 << 20;
  private static final String UNKNOWN_SIZES = " | blocks 0/0/0 payload 33554432";

  private BeginningConversations() {}

  static List<Conversation> all() {
    List<Conversation> all = new ArrayList<>();
    all.addAll(main());
    all.addAll(oldstyleServers());
    all.addAll(exportName());
    all.addAll(features());
    all.addAll(information());
    all.addAll(metaContexts());
    all.addAll(refusedGo());
    all.addAll(broken());
    return all;
  }

  /** Both sides byte for byte, from the tables of the protocol. */
  private static List<Conversation> main() {
    return List.of(
        new Conversation("fixed newstyle with extended headers and go")
            .with(settings -> settings.exportName = "disk")
            .server(
                Bytes.hex(
                    """
                    4e42444d41474943 49484156454f5054 0003
                    0003e889045565a9 0000000b 00000001 00000000
                    0003e889045565a9 00000007 00000003 0000000c 0000 0000000000100000 016d
                    0003e889045565a9 00000007 00000003 0000000e 0003 00000001 00001000 02000000
                    0003e889045565a9 00000007 00000001 00000000
                    """))
            .client(
                Bytes.hex(
                    """
                    00000003
                    49484156454f5054 0000000b 00000000
                    49484156454f5054 00000007 0000000c 00000004 6469736b 0001 0003
                    """))
            .expect(
                "transmission",
                "newstyle-fixed/3 sr eh | 1048576 0x16d | blocks 1/4096/33554432 payload 33554432"
                    + " | meta valid"),
        new Conversation("fixed newstyle with structured replies, contexts and full information")
            .with(settings -> settings.exportName = "é")
            .with(settings -> settings.fullInfo = true)
            .with(settings -> settings.metaContexts.add("base:allocation"))
            .server(
                Bytes.hex(
                    """
                    4e42444d41474943 49484156454f5054 0003
                    0003e889045565a9 0000000b 80000001 00000002 6e6f
                    0003e889045565a9 00000008 00000001 00000000
                    0003e889045565a9 0000000a 00000004 00000013 0000002a
                      62617365 3a616c6c 6f636174 696f6e
                    0003e889045565a9 0000000a 00000001 00000000
                    0003e889045565a9 00000007 00000003 00000004 0001 c3a9
                    0003e889045565a9 00000007 00000003 00000003 0002 78
                    0003e889045565a9 00000007 00000003 0000000c 0000 0000000000000200 0001
                    0003e889045565a9 00000007 00000001 00000000
                    """))
            .client(
                Bytes.hex(
                    """
                    00000003
                    49484156454f5054 0000000b 00000000
                    49484156454f5054 00000008 00000000
                    49484156454f5054 0000000a 0000001d 00000002 c3a9 00000001 0000000f
                      62617365 3a616c6c 6f636174 696f6e
                    49484156454f5054 00000007 0000000e 00000002 c3a9 0003 0003 0001 0002
                    """))
            .expect(
                "transmission",
                "newstyle-fixed/3 sr | 512 0x1 name=é description=x"
                    + UNKNOWN_SIZES
                    + " | meta valid 42=base:allocation"));
  }

  private static List<Conversation> oldstyleServers() {
    return List.of(
        new Conversation("oldstyle")
            .server(oldstyle(12345, 0x803))
            .expect("transmission", "oldstyle/0 | 12345 0x3" + UNKNOWN_SIZES + " | meta *"),
        new Conversation("oldstyle in opt mode")
            .with(settings -> settings.optMode = true)
            .server(oldstyle(-1, 1))
            .expect(
                "transmission",
                "oldstyle/0 | 18446744073709551615 0x1" + UNKNOWN_SIZES + " | meta *"),
        new Conversation("oldstyle where TLS is required")
            .with(settings -> settings.tls = TlsMode.REQUIRE)
            .server(oldstyle(1, 1))
            .expect("failed SERVER ENOTSUP *"),
        new Conversation("oldstyle with handshake flags")
            .server(oldstyle(1, 0x10001))
            .expect("failed PROTOCOL *"),
        new Conversation("oldstyle without transmission flags")
            .server(oldstyle(1, 0))
            .expect("failed PROTOCOL EINVAL *"),
        new Conversation("not NBD at all")
            .server(new Bytes().text("SSH-2.0-OpenSSH_9"))
            .expect("failed PROTOCOL NONE handshake: server did not send expected NBD magic"),
        new Conversation("neither oldstyle nor newstyle")
            .server(new Bytes().text("NBDMAGICIHAVEOPS"))
            .expect(
                "failed PROTOCOL NONE handshake: server is not either an oldstyle or fixed newstyle"
                    + " NBD server"));
  }

  private static List<Conversation> exportName() {
    Bytes plain = option(EXPORT_NAME, new Bytes().text("x"));
    String known = "1048576 0x63" + UNKNOWN_SIZES + " | meta valid";
    return List.of(
        new Conversation("not fixed, padded")
            .with(settings -> settings.exportName = "x")
            .server(newstyle(0), exportNameReply(MIB, 0x63, true))
            .client(clientFlags(0), plain)
            .expect("transmission", "newstyle/0 | " + known),
        new Conversation("not fixed, not padded")
            .with(settings -> settings.exportName = "x")
            .server(newstyle(2), exportNameReply(MIB, 0x63, false))
            .client(clientFlags(2), plain)
            .expect("transmission", "newstyle/2 | " + known),
        new Conversation("not fixed, padded because the client does not agree to less")
            .with(settings -> settings.exportName = "x")
            .with(settings -> settings.handshakeFlags = 0)
            .server(newstyle(3), exportNameReply(MIB, 0x63, true))
            .client(clientFlags(0), plain)
            .expect("transmission", "newstyle/0 | " + known),
        new Conversation("not fixed because the client does not want it")
            .with(settings -> settings.exportName = "x")
            .with(settings -> settings.handshakeFlags = 2)
            .server(newstyle(3), exportNameReply(MIB, 0x63, false))
            .client(clientFlags(2), plain)
            .expect("transmission", "newstyle/2 | " + known),
        new Conversation("not fixed, with flags of 0")
            .server(newstyle(2), exportNameReply(MIB, 0, false))
            .client(clientFlags(2), option(EXPORT_NAME))
            .expect("failed PROTOCOL EINVAL *"),
        new Conversation("not fixed where TLS is required")
            .with(settings -> settings.tls = TlsMode.REQUIRE)
            .server(newstyle(2))
            .expect("failed SERVER ENOTSUP *"),
        new Conversation("go is unknown, so the export name option")
            .with(settings -> settings.exportName = "x")
            .server(
                newstyle(3),
                refusal(EXTENDED_HEADERS, ERR_UNSUP, ""),
                ack(STRUCTURED_REPLY),
                refusal(GO, ERR_UNSUP, "what?"),
                exportNameReply(MIB, 0x63, false))
            .client(
                clientFlags(3),
                option(EXTENDED_HEADERS),
                option(STRUCTURED_REPLY),
                go(GO, "x", 3),
                plain)
            .expect("transmission", "newstyle-fixed/3 sr | " + known),
        new Conversation("go is unknown, and the old answer padded")
            .with(settings -> settings.exportName = "x")
            .with(settings -> settings.structuredReplies = false)
            .server(newstyle(1), refusal(GO, ERR_UNSUP, ""), exportNameReply(MIB, 0x63, true))
            .client(clientFlags(1), go(GO, "x", 3), plain)
            .expect("transmission", "newstyle-fixed/1 | " + known),
        new Conversation("go is unknown although there are extended headers")
            .with(settings -> settings.exportName = "x")
            .server(newstyle(3), ack(EXTENDED_HEADERS), refusal(GO, ERR_UNSUP, ""))
            .client(clientFlags(3), option(EXTENDED_HEADERS), go(GO, "x", 3), option(ABORT))
            .expect("failed SERVER ENOTSUP *"));
  }

  private static List<Conversation> features() {
    Bytes described = Bytes.all(infoExport(GO, MIB, 0x1883), ack(GO));
    List<Conversation> all = new ArrayList<>();
    all.add(
        new Conversation("unknown handshake flags of the server")
            .with(settings -> settings.structuredReplies = false)
            .server(newstyle(0xfff3), described)
            .client(clientFlags(3), go(GO, "", 3))
            .expect(
                "transmission",
                "newstyle-fixed/3 | 1048576 0x3" + UNKNOWN_SIZES + " | meta valid"));
    all.add(
        new Conversation("go never pads")
            .with(settings -> settings.structuredReplies = false)
            .server(newstyle(1), described)
            .client(clientFlags(1), go(GO, "", 3))
            .expect(
                "transmission",
                "newstyle-fixed/1 | 1048576 0x3" + UNKNOWN_SIZES + " | meta valid"));
    all.add(
        new Conversation("extended headers are not asked for")
            .with(settings -> settings.extendedHeaders = false)
            .server(newstyle(3), ack(STRUCTURED_REPLY), described)
            .client(clientFlags(3), option(STRUCTURED_REPLY), go(GO, "", 3))
            .expect(
                "transmission",
                "newstyle-fixed/3 sr | 1048576 0x83" + UNKNOWN_SIZES + " | meta valid"));
    all.add(
        new Conversation("flags that need extended headers, and fast zero with zero")
            .server(newstyle(3), ack(EXTENDED_HEADERS), infoExport(GO, MIB, 0xffff), ack(GO))
            .client(clientFlags(3), option(EXTENDED_HEADERS), go(GO, "", 3))
            .expect(
                "transmission",
                "newstyle-fixed/3 sr eh | 1048576 0xffff" + UNKNOWN_SIZES + " | meta valid"));
    for (int error :
        new int[] {
          ERR_UNSUP, ERR_POLICY, ERR_INVALID, ERR_PLATFORM, ERR_TLS_REQD, ERR_EXT_HEADER_REQD, -1
        }) {
      all.add(
          new Conversation("both features refused with 0x" + Integer.toHexString(error))
              .server(
                  newstyle(3),
                  refusal(EXTENDED_HEADERS, error, "no"),
                  refusal(STRUCTURED_REPLY, error, ""),
                  described)
              .client(
                  clientFlags(3), option(EXTENDED_HEADERS), option(STRUCTURED_REPLY), go(GO, "", 3))
              .expect(
                  "transmission",
                  "newstyle-fixed/3 | 1048576 0x3" + UNKNOWN_SIZES + " | meta valid"));
    }
    return all;
  }

  private static List<Conversation> information() {
    List<Conversation> all = new ArrayList<>();
    all.add(
        new Conversation("information that was not asked for, in any order")
            .with(settings -> settings.structuredReplies = false)
            .with(settings -> settings.requestBlockSize = false)
            .server(
                newstyle(3),
                infoDescription(GO, "a disk"),
                reply(GO, 3, new Bytes().u16(0x8123).text("future")),
                infoBlockSize(GO, 512, 4096, 0xffff_ffffL),
                infoName(GO, "canon"),
                infoExport(GO, MIB, 1),
                infoExport(GO, 2 * MIB, 3),
                ack(GO))
            .client(clientFlags(3), go(GO, ""))
            .expect(
                "transmission",
                "newstyle-fixed/3 | 2097152 0x3 name=canon description=a disk"
                    + " | blocks 512/4096/4294967295 payload 67108864 | meta valid"));
    all.add(blockSizes(1, 512, 512, 1 << 20));
    all.add(blockSizes(1, 4096, 33554432, 33554432));
    all.add(blockSizes(512, 512, 0xffff_ffffL, 67108864));
    all.add(blockSizes(65536, 65536, 65536 * 3, 1 << 20));
    all.add(blockSizes(65536, 65536, 65536 * 30, 65536 * 30));
    all.add(blockSizes(512, 1 << 25, 1 << 27, 67108864));
    all.add(blockSizes(0, 4096, 33554432, -1));
    all.add(blockSizes(131072, 131072, 33554432, -1));
    all.add(blockSizes(8192, 4096, 33554432, -1));
    all.add(blockSizes(1, 256, 33554432, -1));
    all.add(blockSizes(1, 4096, 2048, -1));
    all.add(blockSizes(3, 4096, 33554432, -1));
    all.add(blockSizes(1, 4097, 33554432, -1));
    all.add(blockSizes(512, 4096, 33554432 + 1, -1));
    all.add(blockSizes(1, 0, 0, -1));
    return all;
  }

  /** Sizes that are taken, with the limit on payloads that follows, or -1 if they are ignored. */
  private static Conversation blockSizes(long minimum, long preferred, long maximum, int payload) {
    String sizes = minimum + "/" + preferred + "/" + maximum;
    return new Conversation("block sizes " + sizes)
        .with(settings -> settings.structuredReplies = false)
        .server(
            newstyle(3),
            infoExport(GO, MIB, 1),
            infoBlockSize(GO, minimum, preferred, maximum),
            ack(GO))
        .client(clientFlags(3), go(GO, "", 3))
        .expect(
            "transmission",
            "newstyle-fixed/3 | 1048576 0x1"
                + (payload < 0 ? UNKNOWN_SIZES : " | blocks " + sizes + " payload " + payload)
                + " | meta valid");
  }

  private static List<Conversation> metaContexts() {
    Bytes asked =
        Bytes.all(
            clientFlags(3),
            option(EXTENDED_HEADERS),
            queries(SET_META_CONTEXT, "x", "base:allocation", "qemu:dirty-bitmap:b"),
            go(GO, "x", 3));
    Bytes before = Bytes.all(newstyle(3), ack(EXTENDED_HEADERS));
    Bytes described = Bytes.all(infoExport(GO, MIB, 1), ack(GO));
    String result = "newstyle-fixed/3 sr eh | 1048576 0x1" + UNKNOWN_SIZES + " | meta ";
    return List.of(
        contexts("all contexts granted")
            .server(
                before,
                metaContext(SET_META_CONTEXT, 0x80000000, "qemu:dirty-bitmap:b"),
                metaContext(SET_META_CONTEXT, 0, "base:allocation"),
                ack(SET_META_CONTEXT),
                described)
            .client(asked)
            .expect(
                "transmission", result + "valid -2147483648=qemu:dirty-bitmap:b 0=base:allocation"),
        contexts("no context granted")
            .server(before, ack(SET_META_CONTEXT), described)
            .client(asked)
            .expect("transmission", result + "valid"),
        contexts("contexts refused after one was named")
            .server(
                before,
                metaContext(SET_META_CONTEXT, 1, "base:allocation"),
                refusal(SET_META_CONTEXT, ERR_TOO_BIG, "too many"),
                described)
            .client(asked)
            .expect("transmission", result + "invalid"),
        contexts("contexts refused")
            .server(before, refusal(SET_META_CONTEXT, ERR_UNSUP, ""), described)
            .client(asked)
            .expect("transmission", result + "valid"),
        contexts("contexts are not asked for without structured replies")
            .with(settings -> settings.structuredReplies = false)
            .server(newstyle(3), described)
            .client(clientFlags(3), go(GO, "x", 3))
            .expect(
                "transmission", "newstyle-fixed/3 | 1048576 0x1" + UNKNOWN_SIZES + " | meta valid"),
        contexts("contexts are not asked for because the caller does not want it")
            .with(settings -> settings.requestMetaContext = false)
            .server(before, described)
            .client(clientFlags(3), option(EXTENDED_HEADERS), go(GO, "x", 3))
            .expect("transmission", result + "invalid"),
        contexts("another reply in place of a context")
            .server(before, server("x", ""))
            .client(
                clientFlags(3),
                option(EXTENDED_HEADERS),
                queries(SET_META_CONTEXT, "x", "base:allocation", "qemu:dirty-bitmap:b"))
            .expect("failed PROTOCOL *"),
        contexts("a context without a name")
            .server(before, reply(SET_META_CONTEXT, 4, new Bytes().u32(1)))
            .client(
                clientFlags(3),
                option(EXTENDED_HEADERS),
                queries(SET_META_CONTEXT, "x", "base:allocation", "qemu:dirty-bitmap:b"))
            .expect("failed PROTOCOL *"));
  }

  private static Conversation contexts(String name) {
    return new Conversation(name)
        .with(settings -> settings.exportName = "x")
        .with(settings -> settings.metaContexts.add("base:allocation"))
        .with(settings -> settings.metaContexts.add("qemu:dirty-bitmap:b"));
  }

  /** Outside opt mode a refusal is the end, and the server is told so. */
  private static List<Conversation> refusedGo() {
    return List.of(
        refusedGo(ERR_POLICY, "NONE"),
        refusedGo(ERR_INVALID, "EINVAL"),
        refusedGo(ERR_PLATFORM, "NONE"),
        refusedGo(ERR_TLS_REQD, "ENOTSUP"),
        refusedGo(ERR_UNKNOWN, "ENOENT"),
        refusedGo(ERR_SHUTDOWN, "ESHUTDOWN"),
        refusedGo(ERR_BLOCK_SIZE_REQD, "EINVAL"),
        refusedGo(ERR_TOO_BIG, "EINVAL"),
        refusedGo(ERR_EXT_HEADER_REQD, "NONE"),
        refusedGo(0x8000_1234, "NONE"));
  }

  private static Conversation refusedGo(int error, String errno) {
    return new Conversation("go refused with 0x" + Integer.toHexString(error))
        .with(settings -> settings.structuredReplies = false)
        .server(newstyle(3), infoExport(GO, MIB, 1), refusal(GO, error, "sorry\u001b"))
        .client(clientFlags(3), go(GO, "", 3), option(ABORT))
        .expect("failed SERVER " + errno + " *");
  }

  private static List<Conversation> broken() {
    Bytes text = new Bytes().text("x".repeat(4097));
    return List.of(
        broken("acknowledged without a description", "EPROTO", ack(GO)),
        broken("transmission flags of 0", "EINVAL", infoExport(GO, MIB, 0), ack(GO)),
        broken("another option echoed", "EPROTO", ack(INFO)),
        broken("an acknowledgement with data", "EPROTO", reply(GO, ACK, new Bytes().u16(0))),
        broken("an unknown reply", "EPROTO", reply(GO, 77, new Bytes())),
        broken("an export in place of information", "EPROTO", server("x", "")),
        broken("a short description of the export", "EPROTO", reply(GO, 3, new Bytes().u16(0))),
        broken("an error text beyond 4096 bytes", "EPROTO", reply(GO, ERR_POLICY, text)),
        broken("a wrong magic", "EPROTO", Bytes.hex("0003e889045565aa 00000007 00000001 00000000")),
        broken(
            "a reply beyond 64 MiB",
            "EPROTO",
            Bytes.hex("0003e889045565a9 00000007 00000003 04000001")),
        broken(
            "a refusal of the longest length there is",
            "EPROTO",
            Bytes.hex("0003e889045565a9 00000007 80000001 ffffffff")),
        broken(
            "an acknowledgement of 20000 bytes",
            "EPROTO",
            reply(GO, ACK, new Bytes().zeroes(20_000))),
        new Conversation("information of 20000 bytes is skipped")
            .with(settings -> settings.structuredReplies = false)
            .server(
                newstyle(3),
                reply(GO, 3, new Bytes().u16(2).zeroes(20_000)),
                infoExport(GO, MIB, 1),
                ack(GO))
            .client(clientFlags(3), go(GO, "", 3))
            .expect(
                "transmission", "newstyle-fixed/3 | 1048576 0x1" + UNKNOWN_SIZES + " | meta valid"),
        new Conversation("information of 10000 bytes is skipped")
            .with(settings -> settings.structuredReplies = false)
            .server(
                newstyle(3),
                reply(GO, 3, new Bytes().u16(2).put(new Bytes().text("x".repeat(10_000)))),
                infoExport(GO, MIB, 1),
                ack(GO))
            .client(clientFlags(3), go(GO, "", 3))
            .expect(
                "transmission",
                "newstyle-fixed/3 | 1048576 0x1" + UNKNOWN_SIZES + " | meta valid"));
  }

  private static Conversation broken(String name, String errno, Bytes... messages) {
    return new Conversation(name)
        .with(settings -> settings.structuredReplies = false)
        .server(newstyle(3), Bytes.all(messages))
        .client(clientFlags(3), go(GO, "", 3))
        .expect("failed PROTOCOL " + errno + " *");
  }
}
