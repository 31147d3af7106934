package io.nbd4j.engine.session;

import io.nbd4j.model.Errno;
import io.nbd4j.wire.Limits;
import io.nbd4j.wire.TransmissionFlags;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What client and server have agreed on, and what the server said of the export. */
public final class Negotiated {

  /** The largest payload ever sent or received in one command. */
  public static final int MAX_PAYLOAD = 64 << 20;

  private static final int MIN_PAYLOAD_LIMIT = 1 << 20;
  private static final long UNLIMITED = 0xffff_ffffL;

  /** A meta context that the server granted. */
  public record MetaContext(int id, String name) {}

  public String protocol = "";
  public int serverHandshakeFlags;
  public boolean tls;
  public boolean structuredReplies;
  public boolean extendedHeaders;
  private boolean exportKnown;
  private int exportFlags;
  private long exportSize;
  private @Nullable String canonicalName;
  private @Nullable String description;
  private long blockMinimum;
  private long blockPreferred;
  private long blockMaximum;
  private int payloadMaximum = Limits.DEFAULT_MAX_PAYLOAD;
  private boolean metaValid;
  private final List<MetaContext> metaContexts = new ArrayList<>();

  /** Whether the server agreed to fixed newstyle, and so takes options other than the name. */
  public boolean fixedNewstyle() {
    return protocol.equals("newstyle-fixed");
  }

  /** Forgets what belongs to one export: another name was chosen, or the server refused. */
  public void forgetExport() {
    exportKnown = false;
    exportFlags = 0;
    exportSize = 0;
    canonicalName = null;
    description = null;
    blockMinimum = 0;
    blockPreferred = 0;
    blockMaximum = 0;
    payloadMaximum = Limits.DEFAULT_MAX_PAYLOAD;
    metaValid = false;
  }

  /** Takes size and flags, without the flags that make no sense with what was negotiated. */
  public void export(long size, int flags) throws Failure {
    if (flags == 0) {
      throw Failure.protocol(
          Errno.EINVAL, "handshake: the server sent transmission flags of 0, which is not allowed");
    }
    int kept = flags;
    if (!structuredReplies) {
      kept &= ~TransmissionFlags.SEND_DF;
    }
    if ((kept & TransmissionFlags.SEND_WRITE_ZEROES) == 0) {
      kept &= ~TransmissionFlags.SEND_FAST_ZERO;
    }
    if (!extendedHeaders) {
      kept &= ~TransmissionFlags.BLOCK_STATUS_PAYLOAD;
    }
    exportSize = size;
    exportFlags = kept;
    exportKnown = true;
  }

  /**
   * Takes block sizes, if they make sense together.
   *
   * @return false if they were ignored
   */
  public boolean blockSizes(long minimum, long preferred, long maximum) {
    boolean sane =
        minimum != 0
            && minimum <= Limits.MAX_MINIMUM_BLOCK
            && powerOfTwo(minimum)
            && preferred >= Math.max(512, minimum)
            && powerOfTwo(preferred)
            && maximum >= preferred
            && (maximum == UNLIMITED || maximum % minimum == 0);
    if (sane) {
      blockMinimum = minimum;
      blockPreferred = preferred;
      blockMaximum = maximum;
      payloadMaximum = Math.clamp(maximum, MIN_PAYLOAD_LIMIT, MAX_PAYLOAD);
    }
    return sane;
  }

  private static boolean powerOfTwo(long value) {
    return Long.bitCount(value) == 1;
  }

  public void canonicalName(String name) {
    canonicalName = name;
  }

  public void description(String text) {
    description = text;
  }

  public @Nullable String canonicalName() {
    return canonicalName;
  }

  public @Nullable String description() {
    return description;
  }

  public boolean exportKnown() {
    return exportKnown;
  }

  /** Whether all of some transmission flags are set. */
  public boolean has(int flags) {
    return (exportFlags & flags) == flags;
  }

  /** The size in bytes, unsigned. */
  public long size() {
    return exportSize;
  }

  public long blockMinimum() {
    return blockMinimum;
  }

  public long blockPreferred() {
    return blockPreferred;
  }

  public long blockMaximum() {
    return blockMaximum;
  }

  public int payloadMaximum() {
    return payloadMaximum;
  }

  /** Forgets the meta contexts: a new set is about to be asked for, or TLS has begun. */
  public void clearMetaContexts() {
    metaContexts.clear();
    metaValid = false;
  }

  public void addMetaContext(int id, String name) {
    metaContexts.add(new MetaContext(id, name));
  }

  public void metaValid(boolean valid) {
    metaValid = valid;
  }

  public boolean metaValid() {
    return metaValid;
  }

  public List<MetaContext> metaContexts() {
    return metaContexts;
  }

  /** The name of a granted context, or null if the server never granted that id. */
  public @Nullable String metaContextName(int id) {
    for (MetaContext context : metaContexts) {
      if (context.id == id) {
        return context.name;
      }
    }
    return null;
  }

  /** Forgets all that was agreed on in clear text. */
  public void forgetAll() {
    structuredReplies = false;
    extendedHeaders = false;
    clearMetaContexts();
    forgetExport();
  }
}
