package io.nbd4j.server.conn;

import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.backend.BlockSizes;
import io.nbd4j.server.backend.Capability;
import io.nbd4j.wire.TransmissionFlags;
import java.util.Set;

/** What clients can ask for by name, with what follows from its backend's capabilities. */
public final class Export {
  private final String name;
  private final String description;
  private final Backend backend;
  private final Set<Capability> capabilities;
  private final BlockSizes blockSizes;
  private final long size;
  private final boolean mayBlock;

  /** Reads from the backend what does not change. */
  public Export(String name, String description, Backend backend) {
    this.name = name;
    this.description = description;
    this.backend = backend;
    this.capabilities = Set.copyOf(backend.capabilities());
    this.blockSizes = backend.blockSizes();
    this.size = backend.size();
    this.mayBlock = backend.mayBlock();
    if (size < 0) {
      throw new IllegalArgumentException("export \"" + name + "\" has the size " + size);
    }
  }

  /** The name that clients use. */
  public String name() {
    return name;
  }

  /** The text for people, or "". */
  public String description() {
    return description;
  }

  /** The content. */
  public Backend backend() {
    return backend;
  }

  long size() {
    return size;
  }

  BlockSizes blockSizes() {
    return blockSizes;
  }

  boolean mayBlock() {
    return mayBlock;
  }

  boolean can(Capability capability) {
    return capabilities.contains(capability);
  }

  /** The most that one read or write may carry under a server's limit. */
  int maximumPayload(int limit) {
    int most = Math.min(limit, blockSizes.maximumPayload());
    return most - most % blockSizes.minimum();
  }

  /** Whether FUA works, natively or by a flush after the operation. */
  boolean takesFua() {
    return can(Capability.FUA) || can(Capability.FLUSH);
  }

  /** The flags that a client is told, given how replies will look. */
  int transmissionFlags(ReplyStyle style) {
    boolean writable = can(Capability.WRITE);
    return TransmissionFlags.HAS_FLAGS
        | flag(!writable, TransmissionFlags.READ_ONLY)
        | flag(can(Capability.FLUSH), TransmissionFlags.SEND_FLUSH)
        | flag(writable && takesFua(), TransmissionFlags.SEND_FUA)
        | flag(can(Capability.ROTATIONAL), TransmissionFlags.ROTATIONAL)
        | flag(writable && can(Capability.TRIM), TransmissionFlags.SEND_TRIM)
        | flag(writable, TransmissionFlags.SEND_WRITE_ZEROES)
        | flag(writable && can(Capability.FAST_ZERO), TransmissionFlags.SEND_FAST_ZERO)
        | flag(style != ReplyStyle.SIMPLE, TransmissionFlags.SEND_DF)
        | flag(!writable || can(Capability.MULTI_CONN), TransmissionFlags.CAN_MULTI_CONN)
        | flag(can(Capability.CACHE), TransmissionFlags.SEND_CACHE)
        | flag(style == ReplyStyle.EXTENDED, TransmissionFlags.BLOCK_STATUS_PAYLOAD);
  }

  private static int flag(boolean set, int flag) {
    return set ? flag : 0;
  }
}
