package io.nbd4j.server.conn;

import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.backend.Capability;
import io.nbd4j.server.backend.ZeroOptions;
import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.ReplyFlags;
import io.nbd4j.wire.transfer.BlockStatus;
import io.nbd4j.wire.transfer.BlockStatusExt;
import io.nbd4j.wire.transfer.DataChunk;
import io.nbd4j.wire.transfer.HoleChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/**
 * Carries out requests that were found valid, and puts their replies into buffers. Any thread may
 * use it.
 */
final class CommandRunner {
  /**
   * The headers of a read's reply beyond its data; every hole that is told saves more than its own
   * headers.
   */
  private static final int READ_HEADERS = 256;

  private final Export export;
  private final Backend backend;
  private final ReplyStyle style;
  private final Consumer<String> log;

  CommandRunner(Session session, Consumer<String> log) {
    this.export = session.export();
    this.backend = export.backend();
    this.style = session.style();
    this.log = log;
  }

  /** The room that the reply needs in the worst case, in bytes. */
  int replyRoom(Request request, int contexts) {
    return switch (request.type()) {
      case Commands.READ -> Math.max((int) request.length() + READ_HEADERS, ReplyStyle.SMALL_REPLY);
      case Commands.BLOCK_STATUS ->
          ReplyStyle.SMALL_REPLY
              + contexts * (style.chunkHeader() + BlockStatusExt.size(mostExtents(request)));
      default -> ReplyStyle.SMALL_REPLY;
    };
  }

  /**
   * Carries out a request. Whatever the backend does, a whole reply is put at the buffer's
   * position.
   *
   * @param payload what WRITE writes, empty otherwise
   * @param contexts what BLOCK_STATUS asks for
   */
  void run(Request request, ByteBuffer payload, List<MetaContext> contexts, ByteBuffer out) {
    int start = out.position();
    try {
      switch (request.type()) {
        case Commands.READ -> read(request, out);
        case Commands.BLOCK_STATUS -> blockStatus(request, contexts, out);
        default -> {
          change(request, payload);
          style.putSuccess(out, request);
        }
      }
    } catch (Throwable e) {
      Failure failure = Failure.of(e, request);
      log.accept(
          Commands.name(request.type()) + " on export \"" + export.name() + "\" failed: " + e);
      style.putError(out.position(start), request, failure.error(), failure.message());
    }
  }

  private void change(Request request, ByteBuffer payload) throws IOException {
    long offset = request.offset();
    long length = request.length();
    boolean fua = request.has(CommandFlags.FUA) && export.can(Capability.WRITE);
    boolean fuaThere = fua && export.can(Capability.FUA);
    switch (request.type()) {
      case Commands.WRITE -> {
        int end = payload.limit();
        backend.write(payload, offset, fuaThere);
        if (payload.position() != end) {
          throw new IOException("the backend wrote less than it was given");
        }
      }
      case Commands.TRIM -> backend.trim(offset, length, fuaThere);
      case Commands.WRITE_ZEROES -> {
        boolean mayPunch = !request.has(CommandFlags.NO_HOLE);
        backend.zero(
            offset,
            length,
            new ZeroOptions(mayPunch, request.has(CommandFlags.FAST_ZERO), fuaThere));
      }
      case Commands.CACHE -> backend.cache(offset, length);
      case Commands.FLUSH -> backend.flush();
      default -> throw new IllegalStateException(request.toString());
    }
    boolean changes = request.type() != Commands.CACHE && request.type() != Commands.FLUSH;
    if (changes && fua && !fuaThere) {
      backend.flush();
    }
  }

  private void read(Request request, ByteBuffer out) throws IOException {
    int length = (int) request.length();
    if (style == ReplyStyle.SIMPLE) {
      style.putSimple(out, request, 0);
      readData(request.offset(), length, out);
    } else if (length == 0) {
      style.putSuccess(out, request);
    } else if (length >= ReadPlan.LEAST_HOLE
        && !request.has(CommandFlags.DF)
        && export.can(Capability.EXTENTS)) {
      readRuns(request, plan(request.offset(), length), out);
    } else {
      putData(request, ReplyFlags.DONE, request.offset(), length, out);
    }
  }

  private ReadPlan plan(long offset, int length) {
    ReadPlan plan = new ReadPlan(length);
    try {
      backend.extents(offset, length, plan);
      plan.finish();
    } catch (IOException | RuntimeException e) {
      // Holes are an economy; without them the read can still succeed.
      plan.allData();
    }
    return plan;
  }

  private void readRuns(Request request, ReadPlan plan, ByteBuffer out) throws IOException {
    for (int run = 0; run < plan.runs(); run++) {
      int flags = run == plan.runs() - 1 ? ReplyFlags.DONE : 0;
      long offset = request.offset() + plan.start(run);
      int length = plan.end(run) - plan.start(run);
      if (plan.isHole(run)) {
        style.putChunk(out, request, flags, ChunkTypes.OFFSET_HOLE, HoleChunk.SIZE);
        HoleChunk.set(out, out.position(), offset, length);
        out.position(out.position() + HoleChunk.SIZE);
      } else {
        putData(request, flags, offset, length, out);
      }
    }
  }

  private void putData(Request request, int flags, long offset, int length, ByteBuffer out)
      throws IOException {
    style.putChunk(out, request, flags, ChunkTypes.OFFSET_DATA, DataChunk.PREFIX + length);
    DataChunk.set(out, out.position(), offset);
    out.position(out.position() + DataChunk.PREFIX);
    readData(offset, length, out);
  }

  private void readData(long offset, int length, ByteBuffer out) throws IOException {
    ByteBuffer target = out.slice(out.position(), length);
    backend.read(target, offset);
    if (target.position() != length) {
      throw new IOException(
          "the backend read " + target.position() + " bytes in place of " + length);
    }
    out.position(out.position() + length);
  }

  private void blockStatus(Request request, List<MetaContext> contexts, ByteBuffer out)
      throws IOException {
    for (int i = 0; i < contexts.size(); i++) {
      ExtentList extents =
          new ExtentList(request.length(), export.blockSizes().minimum(), mostExtents(request));
      backend.extents(request.offset(), request.length(), extents);
      extents.finish();
      int flags = i == contexts.size() - 1 ? ReplyFlags.DONE : 0;
      putExtents(request, flags, contexts.get(i).id(), extents, out);
    }
  }

  private void putExtents(
      Request request, int flags, int contextId, ExtentList extents, ByteBuffer out) {
    int count = extents.count();
    int size;
    if (style == ReplyStyle.EXTENDED) {
      size = BlockStatusExt.size(count);
      style.putChunk(out, request, flags, ChunkTypes.BLOCK_STATUS_EXT, size);
      BlockStatusExt.putHeader(out, out.position(), contextId, count);
      for (int i = 0; i < count; i++) {
        BlockStatusExt.putEntry(out, out.position(), i, extents.length(i), extents.flags(i));
      }
    } else {
      size = BlockStatus.size(count);
      style.putChunk(out, request, flags, ChunkTypes.BLOCK_STATUS, size);
      BlockStatus.putHeader(out, out.position(), contextId);
      for (int i = 0; i < count; i++) {
        BlockStatus.putEntry(out, out.position(), i, extents.length(i), extents.flags(i));
      }
    }
    out.position(out.position() + size);
  }

  private static int mostExtents(Request request) {
    return request.has(CommandFlags.REQ_ONE) ? 1 : ExtentList.MOST;
  }
}
