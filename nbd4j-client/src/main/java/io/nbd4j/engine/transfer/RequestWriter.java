package io.nbd4j.engine.transfer;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.command.Commands;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Statistics;
import io.nbd4j.net.Transport;
import io.nbd4j.wire.transfer.CompactRequest;
import io.nbd4j.wire.transfer.ExtendedRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of transmission: takes queued commands in batches and sends each batch with one
 * gathering write, payloads straight from the callers' buffers.
 *
 * <p>One thread at a time. It keeps its place: a batch that the socket did not take whole is gone
 * on with at the next {@link #run}, whatever the reading half does meanwhile.
 */
public final class RequestWriter {

  private static final int BATCH = 64;
  private static final int PAYLOADS = 16;

  private final Commands commands;
  private final Negotiated negotiated;
  private final Statistics statistics;
  private final Completer completer;

  private final CompactRequest compact = new CompactRequest();
  private final ExtendedRequest extended = new ExtendedRequest();
  private final @Nullable Command[] batch = new Command[BATCH];
  private final ByteBuffer[] parts = new ByteBuffer[2 * PAYLOADS + 1];
  private final @Nullable ByteBuffer[] headerViews = new ByteBuffer[PAYLOADS + 1];
  private @Nullable ByteBuffer headers;
  private int batched;
  private int payloads;
  private int partCount;
  private int firstPart;

  public RequestWriter(
      Commands commands, Negotiated negotiated, Statistics statistics, Completer completer) {
    this.commands = commands;
    this.negotiated = negotiated;
    this.statistics = statistics;
    this.completer = completer;
  }

  /** Whether a batch is only partly on the wire. */
  public boolean partial() {
    return firstPart < partCount;
  }

  /**
   * Sends what is queued.
   *
   * @return true if all is sent, false if the socket takes no more for now
   */
  public boolean run(Transport transport) throws IOException {
    while (true) {
      if (!partial() && !gather()) {
        return true;
      }
      while (firstPart < partCount) {
        long count = transport.write(parts, firstPart, partCount - firstPart);
        if (count == 0 && parts[firstPart].hasRemaining()) {
          return false;
        }
        statistics.sent(count);
        while (firstPart < partCount && !parts[firstPart].hasRemaining()) {
          firstPart++;
        }
      }
      finish(transport);
    }
  }

  private boolean gather() {
    int size = negotiated.extendedHeaders ? ExtendedRequest.SIZE : CompactRequest.SIZE;
    ByteBuffer target = headers;
    commands.lock.lock();
    try {
      if (commands.peekQueued() == null) {
        return false;
      }
      if (target == null) {
        headers = target = ByteBuffer.allocateDirect(BATCH * ExtendedRequest.SIZE);
      }
      batched = 0;
      payloads = 0;
      while (batched < BATCH && payloads < PAYLOADS) {
        Command command = commands.dequeue();
        if (command == null) {
          break;
        }
        batch[batched++] = command;
        if (command.payload() != null) {
          payloads++;
        }
      }
    } finally {
      commands.lock.unlock();
    }
    partCount = 0;
    firstPart = 0;
    target.clear();
    int start = 0;
    int end = 0;
    for (int i = 0; i < batched; i++) {
      Command command = Objects.requireNonNull(batch[i]);
      putHeader(target, end, command);
      end += size;
      statistics.chunkSent();
      ByteBuffer payload = command.payload();
      if (payload != null) {
        parts[partCount++] = headerView(target, start, end);
        parts[partCount++] = payload;
        start = end;
      }
    }
    if (start < end) {
      parts[partCount++] = headerView(target, start, end);
    }
    return true;
  }

  /** A view of its own for a run of headers; made once, and pointed anew for each batch. */
  private ByteBuffer headerView(ByteBuffer target, int start, int end) {
    int index = partCount / 2;
    ByteBuffer view = headerViews[index];
    if (view == null) {
      view = target.duplicate();
      headerViews[index] = view;
    }
    return view.limit(end).position(start);
  }

  private void putHeader(ByteBuffer target, int at, Command command) {
    if (negotiated.extendedHeaders) {
      extended
          .wrap(target, at)
          .set(command.flags, command.type, command.cookie, command.offset, command.wireLength());
    } else {
      compact
          .wrap(target, at)
          .set(command.flags, command.type, command.cookie, command.offset, command.count);
    }
  }

  private void finish(Transport transport) throws IOException {
    boolean disconnect = false;
    int early = 0;
    commands.lock.lock();
    try {
      for (int i = 0; i < batched; i++) {
        Command command = Objects.requireNonNull(batch[i]);
        batch[i] = null;
        if (command.isDisconnect()) {
          commands.forget(command);
          disconnect = true;
        } else if (commands.sent(command)) {
          batch[early++] = command;
        }
      }
    } finally {
      commands.lock.unlock();
    }
    batched = 0;
    if (disconnect) {
      transport.shutdownOutput();
    }
    if (early > 0) {
      // Copied, because a callback may send the next batch.
      Command[] answered = new Command[early];
      for (int i = 0; i < early; i++) {
        answered[i] = Objects.requireNonNull(batch[i]);
        batch[i] = null;
      }
      for (Command command : answered) {
        completer.complete(command);
      }
    }
  }

  /** Lets go of the batch after the end of the connection; under the lock. */
  public void release() {
    for (int i = 0; i < batched; i++) {
      Command command = batch[i];
      batch[i] = null;
      if (command != null) {
        commands.release(command);
      }
    }
    batched = 0;
    partCount = 0;
    firstPart = 0;
  }

  /** Replaces a payload that is partly sent by a copy, because its owner gave the command up. */
  @SuppressWarnings("ReferenceEquality") // The very buffer, not one of equal content.
  public void detach(Command command) {
    ByteBuffer payload = command.payload();
    for (int i = firstPart; i < partCount; i++) {
      if (parts[i] == payload && payload != null) {
        parts[i] = ByteBuffer.allocate(payload.remaining()).put(payload).flip();
      }
    }
  }
}
