package io.nbd4j.wire.option;

import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.Options;
import java.util.HexFormat;
import java.util.List;

/** Messages with their bytes, worked out by hand from the layouts. */
final class OptionVectors {
  /**
   * A message and the data that follow its header.
   *
   * @param shortest the least length that is still a message of this type, if the last field is a
   *     text of any length; -1 if every other length is wrong
   */
  record Vector<T>(T message, int number, String hex, int shortest) {
    byte[] data() {
      return HexFormat.of().parseHex(hex.replace(" ", ""));
    }
  }

  private static final byte[] DATA = {1, 2, (byte) 0xff};

  static final List<Vector<OptionRequest>> REQUESTS =
      List.of(
          new Vector<>(new OptionRequest.ExportName("disk"), Options.EXPORT_NAME, "6469736b", 0),
          new Vector<>(new OptionRequest.ExportName(""), Options.EXPORT_NAME, "", 0),
          new Vector<>(new OptionRequest.Abort(), Options.ABORT, "", -1),
          new Vector<>(new OptionRequest.ListExports(), Options.LIST, "", -1),
          new Vector<>(new OptionRequest.StartTls(), Options.STARTTLS, "", -1),
          new Vector<>(
              new OptionRequest.Info("é", List.of()), Options.INFO, "00000002 c3a9 0000", -1),
          new Vector<>(
              new OptionRequest.Go("ab", List.of(3, 0xffff)),
              Options.GO,
              "00000002 6162 0002 0003 ffff",
              -1),
          new Vector<>(new OptionRequest.StructuredReply(), Options.STRUCTURED_REPLY, "", -1),
          new Vector<>(
              new OptionRequest.ListMetaContext("", List.of()),
              Options.LIST_META_CONTEXT,
              "00000000 00000000",
              -1),
          new Vector<>(
              new OptionRequest.SetMetaContext("x", List.of("base:", "", "q")),
              Options.SET_META_CONTEXT,
              "00000001 78 00000003 00000005 626173653a 00000000 00000001 71",
              -1),
          new Vector<>(new OptionRequest.ExtendedHeaders(), Options.EXTENDED_HEADERS, "", -1),
          new Vector<>(
              new OptionRequest.Unknown(Options.PEEK_EXPORT, DATA),
              Options.PEEK_EXPORT,
              "0102ff",
              0),
          new Vector<>(new OptionRequest.Unknown(0x80000077, DATA), 0x80000077, "0102ff", 0));

  static final List<Vector<OptionReply>> REPLIES =
      List.of(
          new Vector<>(new OptionReply.Ack(), OptionReplies.ACK, "", -1),
          new Vector<>(
              new OptionReply.Server("ab", "text"),
              OptionReplies.SERVER,
              "00000002 6162 74657874",
              6),
          new Vector<>(new OptionReply.Server("ab", ""), OptionReplies.SERVER, "00000002 6162", 6),
          new Vector<>(new OptionReply.Server("", ""), OptionReplies.SERVER, "00000000", 4),
          new Vector<>(
              new OptionReply.Info(new InfoItem.Export(-2, 0x8d)),
              OptionReplies.INFO,
              "0000 fffffffffffffffe 008d",
              -1),
          new Vector<>(
              new OptionReply.Info(new InfoItem.Name("disk")),
              OptionReplies.INFO,
              "0001 6469736b",
              2),
          new Vector<>(
              new OptionReply.Info(new InfoItem.Description("")), OptionReplies.INFO, "0002", 2),
          new Vector<>(
              new OptionReply.Info(new InfoItem.BlockSize(1, 4096, 0xffff_ffffL)),
              OptionReplies.INFO,
              "0003 00000001 00001000 ffffffff",
              -1),
          new Vector<>(
              new OptionReply.Info(new InfoItem.Unknown(0x8004, DATA)),
              OptionReplies.INFO,
              "8004 0102ff",
              2),
          new Vector<>(
              new OptionReply.MetaContext(0x80000001, "base:allocation"),
              OptionReplies.META_CONTEXT,
              "80000001 626173653a616c6c6f636174696f6e",
              5),
          new Vector<>(
              new OptionReply.Error(OptionReplies.ERR_POLICY, "no"),
              OptionReplies.ERR_POLICY,
              "6e6f",
              0),
          new Vector<>(new OptionReply.Error(0x80007777, ""), 0x80007777, "", 0),
          new Vector<>(new OptionReply.Unknown(5, DATA), 5, "0102ff", 0));

  private OptionVectors() {}
}
