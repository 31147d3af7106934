package io.nbd4j.engine.command;

import io.nbd4j.model.ChunkCallback;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.Errno;
import io.nbd4j.model.Extent64Callback;
import io.nbd4j.model.ExtentCallback;
import io.nbd4j.wire.CommandFlags;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One command from its call to its retirement. Objects are used again, so that a command costs no
 * allocation; the cookie tells two uses apart.
 *
 * <p>The fields of the request are written by the issuing thread before the command is queued. The
 * rest belongs to {@link Commands}' lock, but for {@link #error} and {@link #received}, which
 * belong to the thread that reads replies until the command has ended.
 */
public final class Command {

  /** Where a command is. */
  public enum Stage {
    FREE,
    QUEUED,
    IN_FLIGHT,
    ENDED
  }

  // The request.
  public long cookie;
  public int type;
  public int flags;
  public long offset;
  public long count;
  public @Nullable ByteBuffer buffer;
  public @Nullable CompletionCallback completion;
  public @Nullable ChunkCallback chunk;
  public @Nullable ExtentCallback extent;
  public @Nullable Extent64Callback extent64;

  /** Whether a blocking call waits for it, which then takes the result itself. */
  public boolean blocking;

  // The result.
  public int error;
  public @Nullable Throwable cause;
  public @Nullable String serverText;
  public long received;

  // Under the lock.
  Stage stage = Stage.FREE;
  @Nullable Command next;

  /** The writer has taken it and is not done with its payload. */
  boolean sending;

  /** The reply is complete, but the writer still holds the payload. */
  boolean replied;

  /** A thread has undertaken to complete it, and no other may. */
  boolean claimed;

  /** The caller gave up; nobody wants the result. */
  private boolean abandoned;

  /** The thread parked until the command has ended, or until it may read replies itself. */
  @Nullable Thread waiter;

  @Nullable Command waitsAfter;
  @Nullable Command waitsBefore;

  private int base;
  private int limit;

  /** Remembers where the caller's buffer began and ended. */
  public void buffer(ByteBuffer target) {
    buffer = target;
    base = target.position();
    limit = target.limit();
  }

  /** Points the buffer at a part of the command's range. */
  public ByteBuffer window(ByteBuffer target, long from, long length) {
    int start = base + (int) (from - offset);
    return target.limit(start + (int) length).position(start);
  }

  /** Leaves the buffer as the call promises: moved past the data, or as it was. */
  public void restoreBuffer() {
    ByteBuffer target = buffer;
    if (target != null) {
      target.limit(limit).position(error == 0 ? limit : base);
    }
  }

  /** The bytes that follow the header on the wire, or null. */
  public @Nullable ByteBuffer payload() {
    return type == io.nbd4j.wire.Commands.WRITE || type == io.nbd4j.wire.Commands.BLOCK_STATUS
        ? buffer
        : null;
  }

  /** The length field of an extended header: that of the payload if the flag says so. */
  public long wireLength() {
    ByteBuffer payload = payload();
    return payload != null && (flags & CommandFlags.PAYLOAD_LEN) != 0 ? payload.remaining() : count;
  }

  /** Whether this is the request that ends the connection and has no reply. */
  public boolean isDisconnect() {
    return type == io.nbd4j.wire.Commands.DISC;
  }

  /** Records an error; the first one counts. */
  public void fail(int errno) {
    if (error == 0) {
      error = errno == 0 ? Errno.EPROTO : errno;
    }
  }

  public boolean abandoned() {
    return abandoned;
  }

  /** Whether the writer holds it. */
  public boolean sending() {
    return sending;
  }

  /** Lets go of all that belongs to the caller, who wants no result any more. */
  public void giveUp() {
    abandoned = true;
    blocking = false;
    buffer = null;
    completion = null;
    chunk = null;
    extent = null;
    extent64 = null;
  }

  /** Whether {@link Commands} has ended it; only stable under the lock or for its waiter. */
  public boolean ended() {
    return stage == Stage.ENDED;
  }

  public Stage stage() {
    return stage;
  }

  void clear() {
    cookie = 0;
    type = 0;
    flags = 0;
    offset = 0;
    count = 0;
    buffer = null;
    completion = null;
    chunk = null;
    extent = null;
    extent64 = null;
    blocking = false;
    error = 0;
    cause = null;
    serverText = null;
    received = 0;
    sending = false;
    replied = false;
    claimed = false;
    abandoned = false;
    next = null;
    stage = Stage.FREE;
  }
}
