package io.nbd4j.server.conn;

import io.nbd4j.wire.CommandFlags;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.WireErrors;
import io.nbd4j.wire.transfer.BlockStatusPayload;
import io.nbd4j.wire.transfer.CompactRequest;
import io.nbd4j.wire.transfer.ExtendedRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The transmission phase, as the thread of the connection sees it. Small requests to a backend that
 * never blocks are answered here, and their replies gathered while further requests are at hand;
 * every other request gets a thread.
 */
final class RequestLoop {
  private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0);

  /** After so many reads the thread lets others run. */
  private static final int TURNS = 64;

  private final Session session;
  private final Bounds bounds;
  private final Input input;
  private final BufferPool pool;
  private final InFlight inFlight;
  private final ReplyWriter writer;
  private final ThreadFactory threads;
  private final BooleanSupplier stopping;
  private final Batch batch;
  private final CommandRunner runner;
  private final CompactRequest compactView = new CompactRequest();
  private final ExtendedRequest extendedView = new ExtendedRequest();
  private int turns;

  RequestLoop(
      Session session,
      Bounds bounds,
      Input input,
      Link link,
      BufferPool pool,
      InFlight inFlight,
      ThreadFactory threads,
      BooleanSupplier stopping,
      Consumer<String> log) {
    this.session = session;
    this.bounds = bounds;
    this.input = input;
    this.pool = pool;
    this.inFlight = inFlight;
    this.writer = new ReplyWriter(link, pool, inFlight);
    this.threads = threads;
    this.stopping = stopping;
    this.batch = new Batch(writer, pool);
    this.runner = new CommandRunner(session, log);
  }

  /**
   * Serves requests until the client leaves or is made to; requests may still be in flight then.
   */
  void run() throws IOException {
    try {
      while (true) {
        Request request = next();
        if (request == null || request.type() == Commands.DISC) {
          break;
        }
        serve(request);
      }
      batch.flush();
    } catch (ProtocolViolationException e) {
      batch.flush();
      throw e;
    } finally {
      batch.drop();
    }
  }

  private @Nullable Request next() throws IOException {
    int header = session.style().requestSize();
    if (input.available() < header) {
      batch.flush();
      letOthersRun();
      if (stopping.getAsBoolean() || !input.require(header)) {
        return null;
      }
    }
    return session.style() == ReplyStyle.EXTENDED
        ? Request.extended(input.bytes(), extendedView)
        : Request.compact(input.bytes(), compactView);
  }

  /** A client that always has more to ask must not keep the carrier thread from the others. */
  @SuppressWarnings("ThreadPriorityCheck") // Virtual threads share carriers only by yielding.
  private void letOthersRun() {
    if (++turns % TURNS == 0) {
      Thread.yield();
    }
  }

  private void serve(Request request) throws IOException {
    long payload = request.payload(session.style());
    if (Long.compareUnsigned(payload, 2L * bounds.payload()) > 0) {
      // Not worth reading, and without reading it there is no next request.
      refuse(request, new Refusal(WireErrors.EINVAL, "the payload is absurdly long"));
      throw new ProtocolViolationException(
          Commands.name(request.type())
              + " with a payload of "
              + Long.toUnsignedString(payload)
              + " bytes");
    }
    if (request.type() == Commands.BLOCK_STATUS && payload > 0) {
      filteredBlockStatus(request, (int) payload);
      return;
    }
    Refusal refusal = Refusal.of(request, session, bounds.payload());
    if (refusal != null) {
      skip(payload);
      refuse(request, refusal);
    } else if (request.type() == Commands.WRITE) {
      write(request);
    } else {
      carryOut(request, session.contexts());
    }
  }

  private void carryOut(Request request, List<MetaContext> contexts) throws IOException {
    int room = runner.replyRoom(request, contexts.size());
    if (staysHere(request)) {
      runner.run(request, NO_PAYLOAD, contexts, batch.room(room));
      return;
    }
    int cost =
        switch (request.type()) {
          case Commands.READ -> (int) request.length();
          case Commands.BLOCK_STATUS -> Math.min(room, bounds.bytes());
          default -> 0;
        };
    enter(cost);
    start(request, null, contexts, room, cost);
  }

  private void write(Request request) throws IOException {
    int length = (int) request.length();
    if (length <= Bounds.INLINE) {
      if (input.available() < length) {
        // One large buffer that brings many small writes beats a read for each.
        input.grow();
      }
      gather(length);
      if (staysHere(request)) {
        ByteBuffer bytes = input.bytes();
        ByteBuffer payload = bytes.slice(bytes.position(), length);
        runner.run(request, payload, List.of(), batch.room(ReplyStyle.SMALL_REPLY));
        bytes.position(bytes.position() + length);
        return;
      }
    } else {
      input.shrink();
    }
    enter(length);
    ByteBuffer payload;
    try {
      payload = pool.take(length).limit(length);
    } catch (OutOfMemoryError e) {
      inFlight.leave(length);
      skip(length);
      refuse(request, new Refusal(WireErrors.ENOMEM, "the server is out of memory"));
      return;
    }
    try {
      if (input.available() < length) {
        batch.flush();
      }
      input.readFully(payload);
    } catch (IOException e) {
      inFlight.leave(length);
      pool.give(payload);
      throw e;
    }
    start(request, payload.flip(), List.of(), ReplyStyle.SMALL_REPLY, length);
  }

  /** Runs a request on a thread of its own, which gives everything back that the request holds. */
  private void start(
      Request request,
      @Nullable ByteBuffer payload,
      List<MetaContext> contexts,
      int room,
      int cost) {
    threads
        .newThread(() -> {
          ByteBuffer out;
          try {
            out = pool.take(room);
            runner.run(request, payload == null ? NO_PAYLOAD : payload, contexts, out);
          } catch (OutOfMemoryError e) {
            out = ByteBuffer.allocate(ReplyStyle.SMALL_REPLY);
            session.style().putError(out, request, WireErrors.ENOMEM, "out of memory");
          }
          if (payload != null) {
            pool.give(payload);
          }
          writer.send(out.flip(), cost);
        })
        .start();
  }

  private boolean staysHere(Request request) {
    if (session.export().mayBlock()) {
      return false;
    }
    return switch (request.type()) {
      case Commands.FLUSH -> true;
      case Commands.BLOCK_STATUS -> request.has(CommandFlags.REQ_ONE);
      default -> request.length() <= Bounds.INLINE;
    };
  }

  private void filteredBlockStatus(Request request, int payload) throws IOException {
    int most = BlockStatusPayload.size(Bounds.CONTEXT_IDS);
    if (payload < BlockStatusPayload.size(1)
        || payload > most
        || (payload - BlockStatusPayload.HEADER) % BlockStatusPayload.ENTRY != 0) {
      skip(payload);
      refuse(request, new Refusal(WireErrors.EINVAL, "a payload of " + payload + " bytes"));
      return;
    }
    gather(payload);
    ByteBuffer bytes = input.bytes();
    BlockStatusPayload view = new BlockStatusPayload().wrap(bytes, bytes.position(), payload);
    Request effective = request.withLength(view.effectLength());
    List<MetaContext> contexts = selected(view);
    bytes.position(bytes.position() + payload);
    Refusal refusal = Refusal.of(effective, session, bounds.payload());
    if (refusal == null && contexts.size() != view.count()) {
      refusal = new Refusal(WireErrors.EINVAL, "a context id that was not negotiated, or twice");
    }
    if (refusal == null) {
      carryOut(effective, contexts);
    } else {
      refuse(request, refusal);
    }
  }

  private List<MetaContext> selected(BlockStatusPayload view) {
    List<MetaContext> contexts = new ArrayList<>();
    for (int i = 0; i < view.count(); i++) {
      int id = view.id(i);
      for (MetaContext context : session.contexts()) {
        if (context.id() == id && !contexts.contains(context)) {
          contexts.add(context);
        }
      }
    }
    return contexts;
  }

  /** Waits for bytes, with no reply left waiting meanwhile. */
  private void gather(int count) throws IOException {
    if (input.available() < count) {
      batch.flush();
      input.demand(count);
    }
  }

  private void skip(long count) throws IOException {
    if (input.available() < count) {
      batch.flush();
    }
    input.skip(count);
  }

  private void enter(int cost) throws IOException {
    if (!inFlight.tryEnter(cost)) {
      batch.flush();
      inFlight.enter(cost);
    }
  }

  private void refuse(Request request, Refusal refusal) throws IOException {
    ByteBuffer out = batch.room(ReplyStyle.SMALL_REPLY);
    session.style().putError(out, request, refusal.error(), refusal.message());
  }
}
