package io.nbd4j.engine.transfer;

import static io.nbd4j.script.Messages.*;

import io.nbd4j.engine.transfer.Exchange.Mode;
import io.nbd4j.model.ChunkCallback;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Bytes;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Replies to reads, right ones and wrong ones. */
final class ReadReplies {

  /** The buffer of a read of 8 bytes after it succeeded, and after it failed. */
  private static final String FULL = " buffer 11-11";

  private static final String BACK = " buffer 3-11";
  private static final String BAD_MAGIC =
      "failed PROTOCOL NONE invalid or unexpected reply magic 0x";

  private ReadReplies() {}

  static List<ReplyCase> all() {
    List<ReplyCase> all = new ArrayList<>();
    all.addAll(simpleReplies());
    all.addAll(structured());
    all.addAll(structuredErrors());
    all.addAll(structuredWrong());
    all.addAll(callbacks());
    all.addAll(extendedReplies());
    return all;
  }

  static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  private static ReplyCase one(Mode mode, String name) {
    return new ReplyCase(mode, name).issue(exchange -> exchange.read(100, 8));
  }

  private static ReplyCase pieces(Mode mode, String name) {
    return new ReplyCase(mode, name).issue(exchange -> exchange.readStructured(100, 8));
  }

  private static List<ReplyCase> simpleReplies() {
    Bytes content = new Bytes().put(bytes("0102030405060708"));
    return List.of(
        one(Mode.SIMPLE, "a read")
            .reply(simple(0, 1).put(content))
            .expect("ended 1" + FULL)
            .contents("0102030405060708"),
        one(Mode.SIMPLE, "a failed read has no payload")
            .reply(simple(5, 1))
            .expect("ended 1 EIO" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        pieces(Mode.SIMPLE, "a read in pieces is one piece")
            .reply(simple(0, 1).put(content))
            .expect("piece DATA at 100 0102030405060708", "ended 1" + FULL)
            .contents("0102030405060708"),
        new ReplyCase(Mode.SIMPLE, "reads answered in another order")
            .issue(exchange -> exchange.read(0, 4))
            .issue(exchange -> exchange.read(4, 2))
            .issue(exchange -> exchange.read(6, 1))
            .reply(
                simple(0, 3).put(bytes("aa")),
                simple(0, 1).put(bytes("01020304")),
                simple(0, 2).put(bytes("bbcc")))
            .expect("ended 3 buffer 4-4", "ended 1 buffer 7-7", "ended 2 buffer 5-5")
            .contents("01020304", "bbcc", "aa"),
        new ReplyCase(Mode.SIMPLE, "a read of nothing")
            .issue(exchange -> exchange.read(0, 0))
            .reply(simple(0, 1))
            .expect("ended 1 buffer 3-3")
            .contents(""),
        one(Mode.SIMPLE, "success of an unknown cookie, of unknown length")
            .reply(simple(0, 99), simple(0, 1).put(content))
            .expect("failed PROTOCOL EPROTO *"),
        one(Mode.SIMPLE, "an error of an unknown cookie is skipped")
            .reply(simple(5, 99), simple(0, 1).put(content), simple(5, 1))
            .expect("ended 1" + FULL)
            .contents("0102030405060708"),
        one(Mode.SIMPLE, "a structured reply")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(100, bytes("0102030405060708"))))
            .expect(BAD_MAGIC + "668e33ef"),
        one(Mode.SIMPLE, "no magic at all")
            .reply(simple(0, 1).put(content), new Bytes().text("?!%&"))
            .expect("ended 1" + FULL, BAD_MAGIC + "3f212526")
            .contents("0102030405060708"));
  }

  private static List<ReplyCase> structured() {
    return List.of(
        one(Mode.STRUCTURED, "data in one chunk")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(100, bytes("0102030405060708"))))
            .expect("ended 1" + FULL)
            .contents("0102030405060708"),
        pieces(Mode.STRUCTURED, "data in chunks of any order, and nothing at the end")
            .reply(
                chunk(0, CHUNK_DATA, 1, data(105, bytes("060708"))),
                chunk(0, CHUNK_DATA, 1, data(100, bytes("01"))),
                chunk(0, CHUNK_DATA, 1, data(101, bytes("02030405"))),
                chunk(DONE, CHUNK_NONE, 1, new Bytes()))
            .expect(
                "piece DATA at 105 060708",
                "piece DATA at 100 01",
                "piece DATA at 101 02030405",
                "ended 1" + FULL)
            .contents("0102030405060708"),
        pieces(Mode.STRUCTURED, "a hole")
            .reply(chunk(DONE, CHUNK_HOLE, 1, hole(100, 8)))
            .expect("piece HOLE at 100 0000000000000000", "ended 1" + FULL)
            .contents("0000000000000000"),
        pieces(Mode.STRUCTURED, "holes and data")
            .reply(
                chunk(0, CHUNK_HOLE, 1, hole(104, 4)),
                chunk(0, CHUNK_DATA, 1, data(101, bytes("020304"))),
                chunk(DONE, CHUNK_HOLE, 1, hole(100, 1)))
            .expect(
                "piece HOLE at 104 00000000",
                "piece DATA at 101 020304",
                "piece HOLE at 100 00",
                "ended 1" + FULL)
            .contents("0002030400000000"),
        new ReplyCase(Mode.STRUCTURED, "chunks of two reads between each other")
            .issue(exchange -> exchange.read(0, 4))
            .issue(exchange -> exchange.readStructured(4, 4))
            .reply(
                chunk(0, CHUNK_DATA, 2, data(6, bytes("0708"))),
                chunk(0, CHUNK_DATA, 1, data(0, bytes("01"))),
                chunk(0, CHUNK_HOLE, 2, hole(4, 2)),
                chunk(DONE, CHUNK_DATA, 1, data(1, bytes("020304"))),
                chunk(DONE, CHUNK_NONE, 2, new Bytes()))
            .expect(
                "piece DATA at 6 0708",
                "piece HOLE at 4 0000",
                "ended 1 buffer 7-7",
                "ended 2 buffer 7-7")
            .contents("01020304", "00000708"),
        one(Mode.STRUCTURED, "unknown reply flags are ignored")
            .reply(
                chunk(0xfffe, CHUNK_DATA, 1, data(100, bytes("01020304"))),
                chunk(0x8001, CHUNK_DATA, 1, data(104, bytes("05060708"))))
            .expect("ended 1" + FULL)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "bytes are counted and not where they lie")
            .reply(
                chunk(0, CHUNK_DATA, 1, data(100, bytes("01020304"))),
                chunk(DONE, CHUNK_DATA, 1, data(100, bytes("05060708"))))
            .expect("ended 1" + FULL)
            .contents("05060708eeeeeeee"),
        new ReplyCase(Mode.STRUCTURED, "offsets at the very end of 64 bits")
            .issue(exchange -> exchange.readStructured(-4, 4))
            .reply(
                chunk(0, CHUNK_DATA, 1, data(-2, bytes("0304"))),
                chunk(DONE, CHUNK_HOLE, 1, hole(-4, 2)))
            .expect("piece DATA at -2 0304", "piece HOLE at -4 0000", "ended 1 buffer 7-7")
            .contents("00000304"));
  }

  private static List<ReplyCase> structuredErrors() {
    return List.of(
        one(Mode.STRUCTURED, "an error")
            .reply(chunk(DONE, CHUNK_ERROR, 1, error(5, "broken disk")))
            .expect("ended 1 EIO \"broken disk\"" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        pieces(Mode.STRUCTURED, "an error is not the end, and the first one counts")
            .reply(
                chunk(0, CHUNK_ERROR, 1, error(12, "")),
                chunk(0, CHUNK_DATA, 1, data(100, bytes("0102030405060708"))),
                chunk(0, CHUNK_ERROR, 1, error(5, "second")),
                chunk(DONE, CHUNK_NONE, 1, new Bytes()))
            .expect("piece DATA at 100 0102030405060708 ENOMEM", "ended 1 ENOMEM \"second\"" + BACK)
            .contents("0102030405060708"),
        pieces(Mode.STRUCTURED, "an error at an offset")
            .reply(
                chunk(0, CHUNK_DATA, 1, data(100, bytes("01020304"))),
                chunk(0, CHUNK_ERROR_OFFSET, 1, error(5, "bad block", 104)),
                chunk(DONE, CHUNK_ERROR_OFFSET, 1, error(28, "", 107)))
            .expect(
                "piece DATA at 100 01020304",
                "piece ERROR at 104  EIO",
                "piece ERROR at 107  ENOSPC",
                "ended 1 EIO \"bad block\"" + BACK)
            .contents("01020304eeeeeeee"),
        pieces(Mode.STRUCTURED, "an error at an offset outside of the request")
            .reply(
                chunk(0, CHUNK_ERROR_OFFSET, 1, error(1, "", 99)),
                chunk(0, CHUNK_ERROR_OFFSET, 1, error(5, "", 108)),
                chunk(DONE, CHUNK_NONE, 1, new Bytes()))
            .expect("ended 1 EPERM" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        pieces(Mode.STRUCTURED, "an unknown type of error")
            .reply(
                chunk(0, 0xfedc, 1, error(108, "bye").put(bytes("00112233"))),
                chunk(DONE, CHUNK_NONE, 1, new Bytes()))
            .expect("ended 1 ESHUTDOWN \"bye\"" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "an error chunk that is too short")
            .reply(
                chunk(0, CHUNK_ERROR, 1, new Bytes().u32(5).put(bytes("00"))),
                chunk(DONE, CHUNK_NONE, 1, new Bytes()))
            .expect("ended 1 EPROTO" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "an error text longer than its chunk")
            .reply(chunk(DONE, CHUNK_ERROR, 1, new Bytes().u32(5).u16(9).text("short")))
            .expect("ended 1 EPROTO" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "an error at an offset without the offset")
            .reply(chunk(DONE, CHUNK_ERROR_OFFSET, 1, error(5, "abcd")))
            .expect("ended 1 EPROTO" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "a simple error")
            .reply(simple(5, 1))
            .expect("ended 1 EIO" + BACK)
            .contents("eeeeeeeeeeeeeeee"));
  }

  private static List<ReplyCase> structuredWrong() {
    Bytes whole = chunk(DONE, CHUNK_DATA, 1, data(100, bytes("0102030405060708")));
    Bytes none = chunk(DONE, CHUNK_NONE, 1, new Bytes());
    String outside = "failed PROTOCOL EPROTO server sent data outside the request: *";
    return List.of(
        one(Mode.STRUCTURED, "a simple reply with data is consumed and wrong")
            .reply(simple(0, 1).put(bytes("0102030405060708")), simple(5, 7))
            .expect("ended 1 EPROTO" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "too few bytes")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(100, bytes("01020304"))))
            .expect("ended 1 EPROTO" + BACK)
            .contents("01020304eeeeeeee"),
        one(Mode.STRUCTURED, "no bytes")
            .reply(none)
            .expect("ended 1 EPROTO" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "too many bytes")
            .reply(
                chunk(0, CHUNK_DATA, 1, data(100, bytes("01020304"))),
                chunk(DONE, CHUNK_DATA, 1, data(100, bytes("0102030405060708"))))
            .expect("ended 1 EPROTO" + BACK)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "nothing that is not the end")
            .reply(chunk(0, CHUNK_NONE, 1, new Bytes()), whole)
            .expect("ended 1 EPROTO" + BACK)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "nothing with a payload")
            .reply(
                chunk(0, CHUNK_DATA, 1, data(100, bytes("0102030405060708"))),
                chunk(DONE, CHUNK_NONE, 1, new Bytes().u32(0)))
            .expect("ended 1 EPROTO" + BACK)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "an unknown chunk type")
            .reply(chunk(0, 77, 1, new Bytes().zeroes(13)), whole)
            .expect("ended 1 EPROTO" + BACK)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "block status for a read")
            .reply(chunk(0, CHUNK_STATUS, 1, status(1, 8, 0)), whole)
            .expect("ended 1 EPROTO" + BACK)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "a data chunk without data")
            .reply(chunk(0, CHUNK_DATA, 1, new Bytes().u64(100)), whole)
            .expect("ended 1 EPROTO" + BACK)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "a hole chunk of a wrong length")
            .reply(chunk(0, CHUNK_HOLE, 1, new Bytes().u64(100).u16(8)), whole)
            .expect("ended 1 EPROTO" + BACK)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "unknown cookies are skipped")
            .reply(
                chunk(DONE, CHUNK_DATA, 2, data(100, bytes("ff"))),
                chunk(0, CHUNK_ERROR, 0, error(5, "x")),
                simple(0, 3),
                simple(5, 3),
                whole,
                whole)
            .expect("ended 1" + FULL)
            .contents("0102030405060708"),
        one(Mode.STRUCTURED, "data before the request")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(99, bytes("01"))))
            .expect(outside)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "data beyond the request")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(107, bytes("0102"))))
            .expect(outside)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "data longer than the request")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(100, bytes("010203040506070809"))))
            .expect(outside)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "data at an offset that overflows")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(-1, bytes("0102"))))
            .expect(outside)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "data at an offset whose low bits would fit")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(Long.MIN_VALUE + 100, bytes("0102"))))
            .expect(outside)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "a hole at an offset whose low bits would fit")
            .reply(chunk(DONE, CHUNK_HOLE, 1, hole(Long.MIN_VALUE + 100, 8)))
            .expect("failed PROTOCOL EPROTO server sent a hole outside the request: *")
            .contents("eeeeeeeeeeeeeeee"),
        pieces(Mode.STRUCTURED, "an error at an offset far outside of the request")
            .reply(chunk(DONE, CHUNK_ERROR_OFFSET, 1, error(1, "", Long.MIN_VALUE + 100)))
            .expect("ended 1 EPERM" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "a hole before the request")
            .reply(chunk(DONE, CHUNK_HOLE, 1, hole(99, 8)))
            .expect("failed PROTOCOL EPROTO server sent a hole outside the request: *")
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "a hole of 4 GiB")
            .reply(chunk(DONE, CHUNK_HOLE, 1, hole(100, 0xffff_ffffL)))
            .expect("failed PROTOCOL EPROTO server sent a hole outside the request: *")
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "a chunk beyond 64 MiB and 8 bytes")
            .reply(Bytes.hex("668e33ef 0001 0001 0000000000000001 04000009"))
            .expect("failed PROTOCOL EPROTO invalid server reply length 67108873 *")
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.STRUCTURED, "an extended reply")
            .reply(extendedChunk(DONE, CHUNK_DATA, 1, 100, data(100, bytes("0102030405060708"))))
            .expect(BAD_MAGIC + "6e8a278c")
            .contents("eeeeeeeeeeeeeeee"));
  }

  private static List<ReplyCase> callbacks() {
    Bytes[] two = {
      chunk(0, CHUNK_DATA, 1, data(100, bytes("01020304"))),
      chunk(0, CHUNK_DATA, 1, data(104, bytes("05060708"))),
      chunk(DONE, CHUNK_NONE, 1, new Bytes())
    };
    String first = "piece DATA at 100 01020304";
    return List.of(
        new ReplyCase(Mode.STRUCTURED, "a callback that fails with an error number")
            .issue(exchange -> exchange.readStructured(100, 8, failing(Errno.EFBIG)))
            .reply(two)
            .expect(
                first,
                "piece DATA at 104 05060708 EFBIG",
                "ended 1 EFBIG because of no: File too large" + BACK)
            .contents("0102030405060708"),
        new ReplyCase(Mode.STRUCTURED, "a callback that fails without an error number")
            .issue(exchange -> exchange.readStructured(100, 8, failing(0)))
            .reply(two)
            .expect(
                first, "piece DATA at 104 05060708 EPROTO", "ended 1 EPROTO because of no" + BACK)
            .contents("0102030405060708"),
        new ReplyCase(Mode.STRUCTURED, "a callback that fails by accident")
            .issue(exchange ->
                exchange.readStructured(
                    100,
                    8,
                    (subbuf, offset, status, error) -> {
                      throw new IllegalStateException("oops");
                    }))
            .reply(two)
            .expect(first, "piece DATA at 104 05060708 EPROTO", "ended 1 EPROTO" + BACK)
            .contents("0102030405060708"),
        new ReplyCase(Mode.STRUCTURED, "a callback that fails at the server's error")
            .issue(exchange -> exchange.readStructured(100, 8, failing(0)))
            .reply(
                chunk(0, CHUNK_ERROR_OFFSET, 1, error(28, "", 101)),
                chunk(DONE, CHUNK_NONE, 1, new Bytes()))
            .expect("piece ERROR at 101  ENOSPC", "ended 1 ENOSPC because of no" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        new ReplyCase(Mode.STRUCTURED, "a callback with a better error than the server's")
            .issue(exchange -> exchange.readStructured(100, 8, failing(Errno.EFBIG)))
            .reply(chunk(DONE, CHUNK_ERROR_OFFSET, 1, error(28, "", 101)))
            .expect(
                "piece ERROR at 101  ENOSPC", "ended 1 EFBIG because of no: File too large" + BACK)
            .contents("eeeeeeeeeeeeeeee"));
  }

  private static ChunkCallback failing(int errno) {
    return (subbuf, offset, status, error) -> {
      throw new NbdException(errno, "no");
    };
  }

  private static List<ReplyCase> extendedReplies() {
    return List.of(
        pieces(Mode.EXTENDED, "data and a hole")
            .reply(
                extendedChunk(0, CHUNK_HOLE, 1, 100, hole(100, 6)),
                extendedChunk(DONE, CHUNK_DATA, 1, 100, data(106, bytes("0708"))))
            .expect("piece HOLE at 100 000000000000", "piece DATA at 106 0708", "ended 1" + FULL)
            .contents("0000000000000708"),
        one(Mode.EXTENDED, "an error")
            .reply(extendedChunk(DONE, CHUNK_ERROR, 1, 100, error(5, "x")))
            .expect("ended 1 EIO \"x\"" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.EXTENDED, "another offset than the request's")
            .reply(extendedChunk(DONE, CHUNK_DATA, 1, 101, data(100, bytes("0102030405060708"))))
            .expect("ended 1 EPROTO" + BACK)
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.EXTENDED, "an unknown cookie is skipped")
            .reply(
                extendedChunk(DONE, CHUNK_DATA, 5, 100, data(100, bytes("ffff"))),
                extendedChunk(DONE, CHUNK_DATA, 1, 100, data(100, bytes("0102030405060708"))))
            .expect("ended 1" + FULL)
            .contents("0102030405060708"),
        one(Mode.EXTENDED, "a simple reply")
            .reply(simple(5, 1))
            .expect(BAD_MAGIC + "67446698")
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.EXTENDED, "a structured reply")
            .reply(chunk(DONE, CHUNK_DATA, 1, data(100, bytes("0102030405060708"))))
            .expect(BAD_MAGIC + "668e33ef")
            .contents("eeeeeeeeeeeeeeee"),
        one(Mode.EXTENDED, "a chunk of more bytes than there are numbers")
            .reply(
                Bytes.hex("6e8a278c 0001 0001 0000000000000001 0000000000000064 ffffffffffffffff"))
            .expect("failed PROTOCOL EPROTO invalid server reply length 18446744073709551615 *")
            .contents("eeeeeeeeeeeeeeee"));
  }
}
