package io.nbd4j.script;

/**
 * The messages of the protocol, put together from the layouts and without the codecs under test.
 */
public final class Messages {

  public static final int ACK = 1;
  public static final int ERR_UNSUP = 0x8000_0001;
  public static final int ERR_POLICY = 0x8000_0002;
  public static final int ERR_INVALID = 0x8000_0003;
  public static final int ERR_PLATFORM = 0x8000_0004;
  public static final int ERR_TLS_REQD = 0x8000_0005;
  public static final int ERR_UNKNOWN = 0x8000_0006;
  public static final int ERR_SHUTDOWN = 0x8000_0007;
  public static final int ERR_BLOCK_SIZE_REQD = 0x8000_0008;
  public static final int ERR_TOO_BIG = 0x8000_0009;
  public static final int ERR_EXT_HEADER_REQD = 0x8000_000a;

  public static final int EXPORT_NAME = 1;
  public static final int ABORT = 2;
  public static final int LIST = 3;
  public static final int STARTTLS = 5;
  public static final int INFO = 6;
  public static final int GO = 7;
  public static final int STRUCTURED_REPLY = 8;
  public static final int LIST_META_CONTEXT = 9;
  public static final int SET_META_CONTEXT = 10;
  public static final int EXTENDED_HEADERS = 11;

  public static final int READ = 0;
  public static final int WRITE = 1;
  public static final int DISC = 2;
  public static final int FLUSH = 3;
  public static final int TRIM = 4;
  public static final int CACHE = 5;
  public static final int WRITE_ZEROES = 6;
  public static final int BLOCK_STATUS = 7;

  public static final int DONE = 1;
  public static final int CHUNK_NONE = 0;
  public static final int CHUNK_DATA = 1;
  public static final int CHUNK_HOLE = 2;
  public static final int CHUNK_STATUS = 5;
  public static final int CHUNK_STATUS_EXT = 6;
  public static final int CHUNK_ERROR = 0x8001;
  public static final int CHUNK_ERROR_OFFSET = 0x8002;

  private static final long INIT = 0x4e42444d41474943L;
  private static final long IHAVEOPT = 0x49484156454f5054L;
  private static final long OLDSTYLE = 0x0000420281861253L;
  private static final long OPTION_REPLY = 0x0003e889045565a9L;
  private static final int PADDING = 124;

  private Messages() {}

  // The handshake, from the server.

  public static Bytes newstyle(int flags) {
    return new Bytes().u64(INIT).u64(IHAVEOPT).u16(flags);
  }

  public static Bytes oldstyle(long size, long flags) {
    return new Bytes().u64(INIT).u64(OLDSTYLE).u64(size).u32(flags).zeroes(PADDING);
  }

  public static Bytes reply(int option, int type, Bytes data) {
    return new Bytes().u64(OPTION_REPLY).u32(option).u32(type).u32(data.size()).put(data);
  }

  public static Bytes ack(int option) {
    return reply(option, ACK, new Bytes());
  }

  public static Bytes refusal(int option, int type, String text) {
    return reply(option, type, new Bytes().text(text));
  }

  public static Bytes infoExport(int option, long size, int flags) {
    return reply(option, 3, new Bytes().u16(0).u64(size).u16(flags));
  }

  public static Bytes infoName(int option, String name) {
    return reply(option, 3, new Bytes().u16(1).text(name));
  }

  public static Bytes infoDescription(int option, String text) {
    return reply(option, 3, new Bytes().u16(2).text(text));
  }

  public static Bytes infoBlockSize(int option, long minimum, long preferred, long maximum) {
    return reply(option, 3, new Bytes().u16(3).u32(minimum).u32(preferred).u32(maximum));
  }

  public static Bytes server(String name, String description) {
    return reply(LIST, 2, counted(name).text(description));
  }

  public static Bytes metaContext(int option, int id, String name) {
    return reply(option, 4, new Bytes().u32(id).text(name));
  }

  public static Bytes exportNameReply(long size, int flags, boolean padded) {
    return new Bytes().u64(size).u16(flags).zeroes(padded ? PADDING : 0);
  }

  // The handshake, from the client.

  public static Bytes clientFlags(int flags) {
    return new Bytes().u32(flags);
  }

  public static Bytes option(int number, Bytes data) {
    return new Bytes().u64(IHAVEOPT).u32(number).u32(data.size()).put(data);
  }

  public static Bytes option(int number) {
    return option(number, new Bytes());
  }

  /** The option GO or INFO. */
  public static Bytes go(int number, String name, int... infoTypes) {
    Bytes data = counted(name).u16(infoTypes.length);
    for (int type : infoTypes) {
      data.u16(type);
    }
    return option(number, data);
  }

  /** The option LIST_META_CONTEXT or SET_META_CONTEXT. */
  public static Bytes queries(int number, String name, String... queries) {
    Bytes data = counted(name).u32(queries.length);
    for (String query : queries) {
      data.put(counted(query));
    }
    return option(number, data);
  }

  private static Bytes counted(String text) {
    Bytes encoded = new Bytes().text(text);
    return new Bytes().u32(encoded.size()).put(encoded);
  }

  // Transmission, from the client.

  public static Bytes compact(int flags, int type, long cookie, long offset, long length) {
    return new Bytes().u32(0x25609513).u16(flags).u16(type).u64(cookie).u64(offset).u32(length);
  }

  public static Bytes extended(int flags, int type, long cookie, long offset, long length) {
    return new Bytes().u32(0x21e41c71).u16(flags).u16(type).u64(cookie).u64(offset).u64(length);
  }

  // Transmission, from the server.

  public static Bytes simple(int error, long cookie) {
    return new Bytes().u32(0x67446698).u32(error).u64(cookie);
  }

  public static Bytes chunk(int flags, int type, long cookie, Bytes payload) {
    return new Bytes()
        .u32(0x668e33ef)
        .u16(flags)
        .u16(type)
        .u64(cookie)
        .u32(payload.size())
        .put(payload);
  }

  public static Bytes extendedChunk(int flags, int type, long cookie, long offset, Bytes payload) {
    return new Bytes()
        .u32(0x6e8a278c)
        .u16(flags)
        .u16(type)
        .u64(cookie)
        .u64(offset)
        .u64(payload.size())
        .put(payload);
  }

  public static Bytes data(long offset, byte[] content) {
    return new Bytes().u64(offset).put(content);
  }

  public static Bytes hole(long offset, long length) {
    return new Bytes().u64(offset).u32(length);
  }

  public static Bytes error(int error, String text) {
    Bytes encoded = new Bytes().text(text);
    return new Bytes().u32(error).u16(encoded.size()).put(encoded);
  }

  public static Bytes error(int error, String text, long offset) {
    return error(error, text).u64(offset);
  }

  /** The payload of a BLOCK_STATUS chunk: pairs of length and flags. */
  public static Bytes status(int context, long... pairs) {
    Bytes payload = new Bytes().u32(context);
    for (long number : pairs) {
      payload.u32(number);
    }
    return payload;
  }

  /** The payload of a BLOCK_STATUS_EXT chunk: pairs of length and flags. */
  public static Bytes statusExt(int context, long... pairs) {
    Bytes payload = new Bytes().u32(context).u32(pairs.length / 2);
    for (long number : pairs) {
      payload.u64(number);
    }
    return payload;
  }
}
