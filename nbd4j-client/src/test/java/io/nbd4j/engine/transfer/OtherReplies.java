package io.nbd4j.engine.transfer;

import static io.nbd4j.engine.transfer.ReadReplies.bytes;
import static io.nbd4j.script.Messages.*;

import io.nbd4j.engine.transfer.Exchange.Mode;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Bytes;
import java.util.ArrayList;
import java.util.List;

/** Replies to everything but reads, right ones and wrong ones. */
final class OtherReplies {

  private static final long GIB = 1L << 30;

  private OtherReplies() {}

  static List<ReplyCase> all() {
    List<ReplyCase> all = new ArrayList<>();
    all.addAll(withoutData());
    all.addAll(errorNumbers());
    all.addAll(contexts());
    all.addAll(clipped());
    all.addAll(wrongStatus());
    all.addAll(wideStatus());
    all.addAll(narrowed());
    return all;
  }

  private static List<ReplyCase> withoutData() {
    return List.of(
        five(Mode.SIMPLE, "every command")
            .reply(simple(0, 5), simple(28, 1), simple(0, 3), simple(95, 4), simple(0, 2))
            .expect(
                "ended 5", "ended 1 ENOSPC buffer 0-2", "ended 3", "ended 4 ENOTSUP", "ended 2"),
        five(Mode.STRUCTURED, "every command, simply and structured")
            .reply(
                simple(0, 1),
                chunk(DONE, CHUNK_NONE, 2, new Bytes()),
                simple(5, 3),
                chunk(0, CHUNK_ERROR, 4, error(22, "bad")),
                chunk(DONE, CHUNK_ERROR, 5, error(5, "")),
                chunk(DONE, CHUNK_NONE, 4, new Bytes()))
            .expect(
                "ended 1 buffer 2-2",
                "ended 2",
                "ended 3 EIO",
                "ended 5 EIO",
                "ended 4 EINVAL \"bad\""),
        five(Mode.EXTENDED, "every command")
            .reply(
                extendedChunk(DONE, CHUNK_NONE, 1, 10, new Bytes()),
                extendedChunk(DONE, CHUNK_NONE, 2, 0, new Bytes()),
                extendedChunk(DONE, CHUNK_NONE, 3, 3 * GIB, new Bytes()),
                extendedChunk(DONE, CHUNK_ERROR, 4, 4, error(12, "")),
                extendedChunk(DONE, CHUNK_NONE, 5, 5, new Bytes()))
            .expect("ended 1 buffer 2-2", "ended 2", "ended 3", "ended 4 ENOMEM", "ended 5"),
        five(Mode.STRUCTURED, "chunks that belong to other commands")
            .reply(
                chunk(0, CHUNK_DATA, 1, data(10, bytes("0102"))),
                chunk(0, CHUNK_HOLE, 2, hole(0, 1)),
                chunk(0, CHUNK_STATUS, 3, status(1, 1, 1)),
                chunk(DONE, CHUNK_STATUS_EXT, 4, statusExt(1, 1, 1)),
                chunk(DONE, CHUNK_NONE, 1, new Bytes()),
                simple(0, 2),
                chunk(DONE, CHUNK_NONE, 3, new Bytes()),
                simple(0, 5))
            .expect(
                "ended 4 EPROTO",
                "ended 1 EPROTO buffer 0-2",
                "ended 2 EPROTO",
                "ended 3 EPROTO",
                "ended 5"));
  }

  private static ReplyCase five(Mode mode, String name) {
    return new ReplyCase(mode, name)
        .issue(exchange -> exchange.write(10, bytes("cafe")))
        .issue(exchange -> exchange.other(FLUSH, 0, 0))
        .issue(exchange -> exchange.other(TRIM, 3 * GIB, GIB))
        .issue(exchange -> exchange.other(CACHE, 4, 5))
        .issue(exchange -> exchange.other(WRITE_ZEROES, 5, 6));
  }

  private static List<ReplyCase> errorNumbers() {
    List<ReplyCase> all = new ArrayList<>();
    int[] onTheWire = {1, 5, 12, 22, 28, 75, 95, 108, 2, 71, 107, 0xffff_ffff};
    String[] meant = {
      "EPERM",
      "EIO",
      "ENOMEM",
      "EINVAL",
      "ENOSPC",
      "EOVERFLOW",
      "ENOTSUP",
      "ESHUTDOWN",
      "EINVAL",
      "EINVAL",
      "EINVAL",
      "EINVAL"
    };
    for (int i = 0; i < onTheWire.length; i++) {
      int number = onTheWire[i];
      all.add(
          new ReplyCase(Mode.SIMPLE, "error " + number)
              .issue(exchange -> exchange.other(FLUSH, 0, 0))
              .reply(simple(number, 1))
              .expect("ended 1 " + meant[i]));
      all.add(
          new ReplyCase(Mode.STRUCTURED, "error " + number)
              .issue(exchange -> exchange.other(FLUSH, 0, 0))
              .reply(chunk(DONE, CHUNK_ERROR, 1, error(number, "")))
              .expect("ended 1 " + meant[i]));
    }
    return all;
  }

  private static ReplyCase compact(String name) {
    return new ReplyCase(Mode.STRUCTURED, name)
        .exportSize(1000)
        .issue(exchange -> exchange.status64(100, 200));
  }

  private static List<ReplyCase> contexts() {
    return List.of(
        compact("status of two contexts")
            .reply(
                chunk(0, CHUNK_STATUS, 1, status(2, 200, 0)),
                chunk(DONE, CHUNK_STATUS, 1, status(1, 50, 3, 100, 0, 7, 0xffff_ffffL)))
            .expect(
                "x:y at 100 200:0", "base:allocation at 100 50:3 100:0 7:4294967295", "ended 1"),
        compact("status of no context at all")
            .reply(chunk(DONE, CHUNK_NONE, 1, new Bytes()))
            .expect("ended 1"),
        compact("status of an unknown context is ignored")
            .reply(
                chunk(0, CHUNK_STATUS, 1, status(3, 200, 0)),
                chunk(DONE, CHUNK_STATUS, 1, status(1, 200, 0)))
            .expect("base:allocation at 100 200:0", "ended 1"),
        compact("the last extent may go beyond the request")
            .reply(chunk(DONE, CHUNK_STATUS, 1, status(1, 100, 0, 800, 1)))
            .expect("base:allocation at 100 100:0 800:1", "ended 1"),
        compact("an error after the extents")
            .reply(
                chunk(0, CHUNK_STATUS, 1, status(1, 200, 0)),
                chunk(0, CHUNK_ERROR, 1, error(5, "half")),
                chunk(0, CHUNK_STATUS, 1, status(2, 200, 0)),
                chunk(DONE, CHUNK_NONE, 1, new Bytes()))
            .expect("base:allocation at 100 200:0", "x:y at 100 200:0 EIO", "ended 1 EIO \"half\""),
        new ReplyCase(Mode.STRUCTURED, "a callback that fails")
            .issue(exchange ->
                exchange.status64(
                    0,
                    9,
                    (name, offset, extents, error) -> {
                      throw new NbdException(Errno.ENODATA, "no");
                    }))
            .reply(
                chunk(0, CHUNK_STATUS, 1, status(1, 9, 0)),
                chunk(DONE, CHUNK_STATUS, 1, status(2, 9, 0)))
            .expect(
                "base:allocation at 0 9:0",
                "x:y at 0 9:0 ENODATA",
                "ended 1 ENODATA because of no: No data available"),
        new ReplyCase(Mode.STRUCTURED, "a callback that fails by accident, or says no more")
            .issue(exchange ->
                exchange.status32(
                    0,
                    9,
                    (name, offset, entries, error) -> {
                      if (error == 0) {
                        throw new IllegalStateException("oops");
                      }
                      throw new NbdException(0, "no");
                    }))
            .reply(
                chunk(0, CHUNK_STATUS, 1, status(1, 9, 0)),
                chunk(DONE, CHUNK_STATUS, 1, status(2, 9, 0)))
            .expect("base:allocation at 0 [9, 0]", "x:y at 0 [9, 0] EPROTO", "ended 1 EPROTO"));
  }

  private static List<ReplyCase> clipped() {
    return List.of(
        compact("an extent that ends with the export")
            .reply(chunk(DONE, CHUNK_STATUS, 1, status(1, 900, 1)))
            .expect("base:allocation at 100 900:1", "ended 1"),
        compact("an extent beyond the export is clipped and wrong")
            .reply(chunk(DONE, CHUNK_STATUS, 1, status(1, 899, 0, 2, 1, 5, 0)))
            .expect("base:allocation at 100 899:0 1:1 EPROTO", "ended 1 EPROTO"),
        compact("an extent of no length ends the list")
            .reply(chunk(DONE, CHUNK_STATUS, 1, status(1, 50, 0, 0, 1, 5, 0)))
            .expect("base:allocation at 100 50:0", "ended 1"),
        compact("a first extent of no length is wrong")
            .reply(
                chunk(0, CHUNK_STATUS, 1, status(1, 0, 0, 5, 1)),
                chunk(DONE, CHUNK_STATUS, 1, status(2, 200, 0)))
            .expect("x:y at 100 200:0 EPROTO", "ended 1 EPROTO"));
  }

  private static List<ReplyCase> wrongStatus() {
    return List.of(
        compact("64-bit extents where 32 bits were agreed on are wrong, but delivered")
            .reply(chunk(DONE, CHUNK_STATUS_EXT, 1, statusExt(1, 200, 3)))
            .expect("base:allocation at 100 200:3 EPROTO", "ended 1 EPROTO"),
        new ReplyCase(Mode.EXTENDED, "32-bit extents where 64 bits were agreed on")
            .exportSize(1000)
            .issue(exchange -> exchange.status64(100, 200))
            .reply(extendedChunk(DONE, CHUNK_STATUS, 1, 100, status(1, 200, 3)))
            .expect("base:allocation at 100 200:3 EPROTO", "ended 1 EPROTO"),
        compact("status without an extent")
            .reply(chunk(DONE, CHUNK_STATUS, 1, status(1)))
            .expect("ended 1 EPROTO"),
        compact("status with half an extent")
            .reply(chunk(DONE, CHUNK_STATUS, 1, status(1, 200, 0, 1)))
            .expect("ended 1 EPROTO"),
        compact("status without so much as a context")
            .reply(chunk(DONE, CHUNK_STATUS, 1, new Bytes().u16(0)))
            .expect("ended 1 EPROTO"),
        new ReplyCase(Mode.EXTENDED, "a count that does not agree with the length")
            .issue(exchange -> exchange.status64(0, 9))
            .reply(
                extendedChunk(
                    DONE, CHUNK_STATUS_EXT, 1, 0, new Bytes().u32(1).u32(2).u64(9).u64(0)))
            .expect("ended 1 EPROTO"),
        new ReplyCase(Mode.EXTENDED, "a count of none")
            .issue(exchange -> exchange.status64(0, 9))
            .reply(extendedChunk(DONE, CHUNK_STATUS_EXT, 1, 0, new Bytes().u32(1).u32(0)))
            .expect("ended 1 EPROTO"),
        compact("data for a status")
            .reply(
                chunk(0, CHUNK_DATA, 1, data(100, bytes("01"))),
                chunk(DONE, CHUNK_STATUS, 1, status(1, 200, 0)))
            .expect("base:allocation at 100 200:0 EPROTO", "ended 1 EPROTO"));
  }

  private static List<ReplyCase> wideStatus() {
    return List.of(
        new ReplyCase(Mode.EXTENDED, "extents of many gigabytes")
            .exportSize(1L << 60)
            .issue(exchange -> exchange.status64(GIB, 1L << 50))
            .reply(
                extendedChunk(
                    DONE, CHUNK_STATUS_EXT, 1, GIB, statusExt(2, 1L << 45, -1, 5 * GIB, 0)))
            .expect("x:y at 1073741824 35184372088832:-1 5368709120:0", "ended 1"),
        new ReplyCase(Mode.EXTENDED, "an extent beyond all numbers is clipped")
            .exportSize(Long.MAX_VALUE)
            .issue(exchange -> exchange.status64(7, 1))
            .reply(extendedChunk(DONE, CHUNK_STATUS_EXT, 1, 7, statusExt(1, -1, 1)))
            .expect("base:allocation at 7 9223372036854775800:1 EPROTO", "ended 1 EPROTO"));
  }

  /** The callback with 32-bit numbers on a connection with 64-bit ones. */
  private static List<ReplyCase> narrowed() {
    return List.of(
        narrowed("lengths of 32 bits", statusExt(1, 0xffff_ffffL, 0, 1, 0xffff_ffffL))
            .expect("base:allocation at 0 [-1, 0, 1, -1]", "ended 1"),
        narrowed(
                "a longer length is cut, and the rest dropped",
                statusExt(1, 1, 2, 5 * GIB, 3, 1, 4))
            .expect("base:allocation at 0 [1, 2, -67108864, 3]", "ended 1"),
        narrowed("longer flags are cut before", statusExt(1, 1, 2, 1, 1L << 32, 1, 4))
            .expect("base:allocation at 0 [1, 2]", "ended 1"),
        narrowed("longer flags at once are truncated", statusExt(1, 1, (1L << 32) + 5, 1, 1))
            .expect("base:allocation at 0 [1, 5, 1, 1] EOVERFLOW", "ended 1 EOVERFLOW"));
  }

  private static ReplyCase narrowed(String name, Bytes payload) {
    return new ReplyCase(Mode.EXTENDED, name)
        .issue(exchange -> exchange.status32(0, 9, (context, offset, entries, error) -> {}))
        .reply(extendedChunk(DONE, CHUNK_STATUS_EXT, 1, 0, payload));
  }
}
