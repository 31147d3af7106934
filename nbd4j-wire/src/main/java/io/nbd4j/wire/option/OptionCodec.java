package io.nbd4j.wire.option;

import io.nbd4j.wire.InfoTypes;
import io.nbd4j.wire.Limits;
import io.nbd4j.wire.Magic;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.OptionReplies;
import io.nbd4j.wire.Options;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Option requests and replies to bytes and back.
 *
 * <pre>
 *   request  +----------------+--------+--------+------
 *            | IHAVEOPT       | option | length | data
 *            +----------------+--------+--------+------
 *            0                8        12       16
 *
 *   reply    +----------------+--------+--------+--------+------
 *            | magic          | option | type   | length | data
 *            +----------------+--------+--------+--------+------
 *            0                8        12       16       20
 * </pre>
 *
 * <p>Decoders read a buffer from its position, whatever its byte order, and leave the position
 * where it is. They refuse a message that is too short or too long for its fields, a string above
 * {@link Limits#MAX_STRING} bytes, and a string with a NUL. Bytes of a string that are not UTF-8
 * become the text {@code \xNN}.
 */
public final class OptionCodec {
  /** The length of the header of a request, in bytes. */
  public static final int REQUEST_HEADER = Limits.OPTION_REQUEST_HEADER;

  /** The length of the header of a reply, in bytes. */
  public static final int REPLY_HEADER = Limits.OPTION_REPLY_HEADER;

  private OptionCodec() {}

  /**
   * The header of a request.
   *
   * @param option the number of the option
   * @param length the length of the data that follow, in bytes, unsigned 32 bits
   */
  public record RequestHeader(int option, long length) {}

  /**
   * The header of a reply.
   *
   * @param option the number of the option that is answered
   * @param type the type of the reply
   * @param length the length of the data that follow, in bytes, unsigned 32 bits
   */
  public record ReplyHeader(int option, int type, long length) {}

  /**
   * Encodes a request with its header.
   *
   * @param request the request
   * @return a new buffer, ready to be written
   * @throws IllegalArgumentException if a string is too long, has a NUL or is not Unicode text, or
   *     if there are more than 65535 info types
   */
  public static ByteBuffer encode(OptionRequest request) {
    FieldWriter out = new FieldWriter().u64(Magic.IHAVEOPT).u32(request.code()).u32(0);
    switch (request) {
      case OptionRequest.ExportName(String name) -> out.text(name, "export name");
      case OptionRequest.Info(String name, List<Integer> types) -> putInfo(out, name, types);
      case OptionRequest.Go(String name, List<Integer> types) -> putInfo(out, name, types);
      case OptionRequest.ListMetaContext(String name, List<String> queries) ->
          putQueries(out, name, queries);
      case OptionRequest.SetMetaContext(String name, List<String> queries) ->
          putQueries(out, name, queries);
      case OptionRequest.Unknown(int _, byte[] data) -> out.bytes(data);
      case OptionRequest.Abort _,
          OptionRequest.ListExports _,
          OptionRequest.StartTls _,
          OptionRequest.StructuredReply _,
          OptionRequest.ExtendedHeaders _ -> {}
    }
    return out.finish(REQUEST_HEADER - Integer.BYTES);
  }

  /**
   * Encodes a reply with its header.
   *
   * @param option the number of the option that is answered
   * @param reply the reply
   * @return a new buffer, ready to be written
   * @throws IllegalArgumentException if a string is too long, has a NUL or is not Unicode text, or
   *     if the name of a meta context is empty
   */
  public static ByteBuffer encode(int option, OptionReply reply) {
    FieldWriter out =
        new FieldWriter().u64(Magic.OPTION_REPLY).u32(option).u32(reply.type()).u32(0);
    switch (reply) {
      case OptionReply.Ack _ -> {}
      case OptionReply.Server(String name, String description) ->
          out.countedText(name, "export name").text(description, "description");
      case OptionReply.Info(InfoItem item) -> putItem(out.u16(item.type()), item);
      case OptionReply.MetaContext(int id, String name) -> {
        if (name.isEmpty()) {
          throw new IllegalArgumentException("meta context name: empty");
        }
        out.u32(id).text(name, "meta context name");
      }
      case OptionReply.Error(int _, String message) -> out.text(message, "error message");
      case OptionReply.Unknown(int _, byte[] data) -> out.bytes(data);
    }
    return out.finish(REPLY_HEADER - Integer.BYTES);
  }

  /**
   * Decodes the header of a request.
   *
   * @param header at least {@link #REQUEST_HEADER} bytes from the position
   * @return the header
   * @throws MalformedMessageException if there are fewer bytes, or the magic is wrong
   */
  public static RequestHeader decodeRequestHeader(ByteBuffer header)
      throws MalformedMessageException {
    FieldReader in = new FieldReader("option request", header);
    checkMagic(in, Magic.IHAVEOPT);
    return new RequestHeader(in.i32("option"), in.u32("length"));
  }

  /**
   * Decodes the header of a reply.
   *
   * @param header at least {@link #REPLY_HEADER} bytes from the position
   * @return the header
   * @throws MalformedMessageException if there are fewer bytes, or the magic is wrong
   */
  public static ReplyHeader decodeReplyHeader(ByteBuffer header) throws MalformedMessageException {
    FieldReader in = new FieldReader("option reply", header);
    checkMagic(in, Magic.OPTION_REPLY);
    return new ReplyHeader(in.i32("option"), in.i32("type"), in.u32("length"));
  }

  /**
   * Decodes the data of a request.
   *
   * @param option the number of the option
   * @param data exactly the bytes after the header, from the position to the limit
   * @return the request; {@link OptionRequest.Unknown} for a number without a meaning
   * @throws MalformedMessageException if the data do not fit the option
   */
  public static OptionRequest decodeRequest(int option, ByteBuffer data)
      throws MalformedMessageException {
    FieldReader in = new FieldReader(Options.name(option) + " request", data);
    OptionRequest request =
        switch (option) {
          case Options.EXPORT_NAME -> new OptionRequest.ExportName(in.restAsText("export name"));
          case Options.ABORT -> new OptionRequest.Abort();
          case Options.LIST -> new OptionRequest.ListExports();
          case Options.STARTTLS -> new OptionRequest.StartTls();
          case Options.INFO -> new OptionRequest.Info(name(in), infoTypes(in));
          case Options.GO -> new OptionRequest.Go(name(in), infoTypes(in));
          case Options.STRUCTURED_REPLY -> new OptionRequest.StructuredReply();
          case Options.LIST_META_CONTEXT ->
              new OptionRequest.ListMetaContext(name(in), queries(in));
          case Options.SET_META_CONTEXT -> new OptionRequest.SetMetaContext(name(in), queries(in));
          case Options.EXTENDED_HEADERS -> new OptionRequest.ExtendedHeaders();
          default -> new OptionRequest.Unknown(option, in.rest());
        };
    in.end();
    return request;
  }

  /**
   * Decodes the data of a reply.
   *
   * @param type the type of the reply
   * @param data exactly the bytes after the header, from the position to the limit
   * @return the reply; {@link OptionReply.Error} for every type with bit 31, {@link
   *     OptionReply.Unknown} for any other number without a meaning
   * @throws MalformedMessageException if the data do not fit the type
   */
  public static OptionReply decodeReply(int type, ByteBuffer data)
      throws MalformedMessageException {
    FieldReader in = new FieldReader(OptionReplies.name(type) + " reply", data);
    OptionReply reply =
        switch (type) {
          case OptionReplies.ACK -> new OptionReply.Ack();
          case OptionReplies.SERVER ->
              new OptionReply.Server(name(in), in.restAsText("description"));
          case OptionReplies.INFO -> new OptionReply.Info(item(in));
          case OptionReplies.META_CONTEXT -> metaContext(in);
          default ->
              OptionReplies.isError(type)
                  ? new OptionReply.Error(type, in.restAsText("error message"))
                  : new OptionReply.Unknown(type, in.rest());
        };
    in.end();
    return reply;
  }

  private static void checkMagic(FieldReader in, long expected) throws MalformedMessageException {
    long magic = in.u64("magic");
    if (magic != expected) {
      throw in.broken(
          "magic", "0x" + Long.toHexString(magic) + " in place of 0x" + Long.toHexString(expected));
    }
  }

  private static void putInfo(FieldWriter out, String name, List<Integer> types) {
    if (types.size() > 0xffff) {
      throw new IllegalArgumentException("info types: " + types.size() + ", the limit is 65535");
    }
    out.countedText(name, "export name").u16(types.size());
    types.forEach(out::u16);
  }

  private static void putQueries(FieldWriter out, String name, List<String> queries) {
    out.countedText(name, "export name").u32(queries.size());
    queries.forEach(query -> out.countedText(query, "meta context query"));
  }

  private static void putItem(FieldWriter out, InfoItem item) {
    switch (item) {
      case InfoItem.Export(long size, int flags) -> out.u64(size).u16(flags);
      case InfoItem.Name(String name) -> out.text(name, "export name");
      case InfoItem.Description(String description) -> out.text(description, "description");
      case InfoItem.BlockSize(long minimum, long preferred, long maximum) ->
          out.u32(minimum).u32(preferred).u32(maximum);
      case InfoItem.Unknown(int _, byte[] data) -> out.bytes(data);
    }
  }

  private static String name(FieldReader in) throws MalformedMessageException {
    return in.countedText("export name");
  }

  private static List<Integer> infoTypes(FieldReader in) throws MalformedMessageException {
    int count = in.count16("number of info types", Short.BYTES);
    List<Integer> types = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      types.add(in.u16("info type"));
    }
    return types;
  }

  private static List<String> queries(FieldReader in) throws MalformedMessageException {
    int count = in.count32("number of queries", Integer.BYTES);
    List<String> queries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      queries.add(in.countedText("meta context query"));
    }
    return queries;
  }

  private static OptionReply.MetaContext metaContext(FieldReader in)
      throws MalformedMessageException {
    int id = in.i32("id");
    String name = in.restAsText("meta context name");
    if (name.isEmpty()) {
      throw in.broken("length", "4 bytes, more than 4 are needed");
    }
    return new OptionReply.MetaContext(id, name);
  }

  private static InfoItem item(FieldReader in) throws MalformedMessageException {
    int type = in.u16("info type");
    return switch (type) {
      case InfoTypes.EXPORT ->
          new InfoItem.Export(in.u64("export size"), in.u16("transmission flags"));
      case InfoTypes.NAME -> new InfoItem.Name(in.restAsText("export name"));
      case InfoTypes.DESCRIPTION -> new InfoItem.Description(in.restAsText("description"));
      case InfoTypes.BLOCK_SIZE ->
          new InfoItem.BlockSize(
              in.u32("minimum block size"),
              in.u32("preferred block size"),
              in.u32("maximum payload"));
      default -> new InfoItem.Unknown(type, in.rest());
    };
  }
}
