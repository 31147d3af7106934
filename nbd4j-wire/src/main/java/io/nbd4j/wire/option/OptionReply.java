package io.nbd4j.wire.option;

import io.nbd4j.wire.OptionReplies;
import org.jspecify.annotations.Nullable;

/** One reply of a server to an option. */
@SuppressWarnings("AvoidCommonTypeNames") // The protocol's own words.
public sealed interface OptionReply {
  /**
   * The type of the reply.
   *
   * @return one of {@link OptionReplies}, or another number; errors have bit 31 set
   */
  int type();

  /** The option is accepted; the last reply to it. */
  record Ack() implements OptionReply {
    @Override
    public int type() {
      return OptionReplies.ACK;
    }
  }

  /**
   * One export of a list.
   *
   * @param name the export
   * @param description a text for people, "" if there is none
   */
  record Server(String name, String description) implements OptionReply {
    @Override
    public int type() {
      return OptionReplies.SERVER;
    }
  }

  /**
   * One piece of information about an export.
   *
   * @param item the information
   */
  record Info(InfoItem item) implements OptionReply {
    @Override
    public int type() {
      return OptionReplies.INFO;
    }
  }

  /**
   * One meta context.
   *
   * @param id the number that stands for it in block status chunks; meaningless in a list
   * @param name its name, never empty
   */
  record MetaContext(int id, String name) implements OptionReply {
    @Override
    public int type() {
      return OptionReplies.META_CONTEXT;
    }
  }

  /**
   * The option failed; the last reply to it.
   *
   * @param type the reason, one of {@link OptionReplies} or another number with bit 31 set
   * @param message a text for people, "" if there is none
   */
  record Error(int type, String message) implements OptionReply {
    /** Checks that the type is an error. */
    public Error {
      if (!OptionReplies.isError(type)) {
        throw new IllegalArgumentException("error reply: type " + type + " has no bit 31");
      }
    }

    @Override
    public String toString() {
      return "Error[type=" + OptionReplies.name(type) + ", message=" + message + "]";
    }
  }

  /**
   * A reply kept as it came. Any type can be sent, so a test can send a known type with data that
   * do not fit it.
   *
   * @param type the number of the type
   * @param data the bytes after the header; copied
   */
  @SuppressWarnings("ArrayRecordComponent") // Copied in and out, and compared by content.
  record Unknown(int type, byte[] data) implements OptionReply {
    /** Copies the data. */
    public Unknown {
      data = data.clone();
    }

    /**
     * The bytes after the header.
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
