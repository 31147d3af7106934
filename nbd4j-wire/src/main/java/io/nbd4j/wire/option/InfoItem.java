package io.nbd4j.wire.option;

import io.nbd4j.wire.InfoTypes;
import io.nbd4j.wire.TransmissionFlags;
import org.jspecify.annotations.Nullable;

/** One piece of information about an export. */
public sealed interface InfoItem {
  /**
   * The type of the information.
   *
   * @return one of {@link InfoTypes}, or another unsigned 16-bit number
   */
  int type();

  /**
   * Size and abilities.
   *
   * @param size the size in bytes, unsigned
   * @param transmissionFlags the bits of {@link TransmissionFlags}, 16 bits
   */
  record Export(long size, int transmissionFlags) implements InfoItem {
    /** Checks the range of the flags. */
    public Export {
      Fields.requireU16(transmissionFlags, "transmission flags");
    }

    @Override
    public int type() {
      return InfoTypes.EXPORT;
    }

    @Override
    public String toString() {
      return "Export[size="
          + Long.toUnsignedString(size)
          + ", transmissionFlags="
          + TransmissionFlags.names(transmissionFlags)
          + "]";
    }
  }

  /**
   * The canonical name.
   *
   * @param name the name
   */
  record Name(String name) implements InfoItem {
    @Override
    public int type() {
      return InfoTypes.NAME;
    }
  }

  /**
   * A text for people.
   *
   * @param description the text
   */
  record Description(String description) implements InfoItem {
    @Override
    public int type() {
      return InfoTypes.DESCRIPTION;
    }
  }

  /**
   * The limits of requests, in bytes, each an unsigned 32-bit number. Whether they make sense
   * together is not checked here.
   *
   * @param minimum the alignment that every request needs
   * @param preferred the alignment that is efficient
   * @param maximum the largest payload; {@link io.nbd4j.wire.Limits#UNLIMITED_PAYLOAD} for no limit
   */
  record BlockSize(long minimum, long preferred, long maximum) implements InfoItem {
    /** Checks the ranges. */
    public BlockSize {
      Fields.requireU32(minimum, "minimum block size");
      Fields.requireU32(preferred, "preferred block size");
      Fields.requireU32(maximum, "maximum payload");
    }

    @Override
    public int type() {
      return InfoTypes.BLOCK_SIZE;
    }
  }

  /**
   * Information kept as it came. Any type can be sent, so a test can send a known type with data
   * that do not fit it.
   *
   * @param type the number of the type, unsigned 16 bits
   * @param data the bytes after the type; copied
   */
  @SuppressWarnings("ArrayRecordComponent") // Copied in and out, and compared by content.
  record Unknown(int type, byte[] data) implements InfoItem {
    /** Checks the range of the type and copies the data. */
    public Unknown {
      Fields.requireU16(type, "info type");
      data = data.clone();
    }

    /**
     * The bytes after the type.
     *
     * @return a copy
     */
    @Override
    public byte[] data() {
      return data.clone();
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Unknown that && Fields.same(type, data, that.type, that.data);
    }

    @Override
    public int hashCode() {
      return Fields.hash(type, data);
    }

    @Override
    public String toString() {
      return Fields.show("type", type, data);
    }
  }
}
