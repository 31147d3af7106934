package io.nbd4j.engine.transfer;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.model.Errno;
import io.nbd4j.model.Extent;
import io.nbd4j.model.Extent64Callback;
import io.nbd4j.model.ExtentCallback;
import io.nbd4j.model.NbdException;
import io.nbd4j.wire.ChunkTypes;
import io.nbd4j.wire.MalformedMessageException;
import io.nbd4j.wire.transfer.BlockStatus;
import io.nbd4j.wire.transfer.BlockStatusExt;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Checks the extents of a block status chunk and hands them to the caller's callback.
 *
 * <p>An extent never runs past the end of the export and never has length zero: what a server sends
 * beyond that is cut off, and the command fails with EPROTO.
 */
final class ExtentReport {

  /** What a length over 32 bits becomes for the callback with 32-bit numbers. */
  private static final long LONGEST_32 = (1L << 32) - Negotiated.MAX_PAYLOAD;

  private static final long MAX_32 = 0xffff_ffffL;

  private final Negotiated negotiated;
  private final BlockStatus compact = new BlockStatus();
  private final BlockStatusExt extended = new BlockStatusExt();

  ExtentReport(Negotiated negotiated) {
    this.negotiated = negotiated;
  }

  void report(Command command, int type, ByteBuffer payload) throws MalformedMessageException {
    boolean wide = type == ChunkTypes.BLOCK_STATUS_EXT;
    if (wide) {
      extended.wrap(payload, 0, payload.limit());
    } else {
      compact.wrap(payload, 0, payload.limit());
    }
    if (wide != negotiated.extendedHeaders) {
      command.fail(Errno.EPROTO);
    }
    String name = negotiated.metaContextName(wide ? extended.contextId() : compact.contextId());
    if (name == null) {
      return;
    }
    List<Extent> extents = checked(command, wide);
    if (extents.isEmpty()) {
      return;
    }
    Extent64Callback extent64 = command.extent64;
    ExtentCallback extent = command.extent;
    try {
      if (extent64 != null) {
        extent64.extent(name, command.offset, extents, command.error);
      } else if (extent != null) {
        int[] entries = narrow(command, extents);
        if (entries.length > 0) {
          extent.extent(name, command.offset, entries, command.error);
        }
      }
    } catch (NbdException e) {
      failed(command, e.errno(), e);
    } catch (RuntimeException e) {
      failed(command, Errno.EPROTO, e);
    }
  }

  private static void failed(Command command, int errno, Exception cause) {
    if (command.error == 0) {
      command.cause = cause;
    }
    command.fail(errno);
  }

  private List<Extent> checked(Command command, boolean wide) {
    int count = wide ? extended.count() : compact.count();
    List<Extent> extents = new ArrayList<>(count);
    long left = negotiated.size() - command.offset;
    for (int i = 0; i < count && left > 0; i++) {
      long length = wide ? extended.length(i) : compact.length(i);
      long flags = wide ? extended.flags(i) : compact.flags(i);
      if (length == 0) {
        if (i == 0) {
          command.fail(Errno.EPROTO);
        }
        break;
      }
      if (Long.compareUnsigned(length, left) > 0) {
        length = left;
        command.fail(Errno.EPROTO);
      }
      extents.add(new Extent(length, flags));
      left -= length;
    }
    return extents;
  }

  private static int[] narrow(Command command, List<Extent> extents) {
    int[] entries = new int[2 * extents.size()];
    int used = 0;
    for (Extent extent : extents) {
      if (Long.compareUnsigned(extent.flags(), MAX_32) > 0) {
        if (used > 0) {
          break;
        }
        command.fail(Errno.EOVERFLOW);
      }
      boolean longer = extent.length() > MAX_32;
      entries[used++] = (int) (longer ? LONGEST_32 : extent.length());
      entries[used++] = (int) extent.flags();
      if (longer) {
        break;
      }
    }
    return Arrays.copyOf(entries, used);
  }
}
