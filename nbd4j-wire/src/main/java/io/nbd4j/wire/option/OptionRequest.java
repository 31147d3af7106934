package io.nbd4j.wire.option;

import io.nbd4j.wire.Options;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One option that a client sends during the handshake. */
@SuppressWarnings("AvoidCommonTypeNames") // The protocol's own words.
public sealed interface OptionRequest {
  /**
   * The number of the option.
   *
   * @return one of {@link Options}, or another number
   */
  int code();

  /**
   * Choose an export and start the transmission; the reply has no header and cannot be an error.
   *
   * @param name the export, "" for the default one
   */
  record ExportName(String name) implements OptionRequest {
    @Override
    public int code() {
      return Options.EXPORT_NAME;
    }
  }

  /** End the session. */
  record Abort() implements OptionRequest {
    @Override
    public int code() {
      return Options.ABORT;
    }
  }

  /** List the exports. */
  record ListExports() implements OptionRequest {
    @Override
    public int code() {
      return Options.LIST;
    }
  }

  /** Start TLS. */
  record StartTls() implements OptionRequest {
    @Override
    public int code() {
      return Options.STARTTLS;
    }
  }

  /**
   * Ask about an export.
   *
   * @param name the export, "" for the default one
   * @param infoTypes the wanted {@link io.nbd4j.wire.InfoTypes}, each an unsigned 16-bit number
   */
  record Info(String name, List<Integer> infoTypes) implements OptionRequest {
    /** Copies the list. */
    public Info {
      infoTypes = List.copyOf(infoTypes);
      infoTypes.forEach(type -> Fields.requireU16(type, "info type"));
    }

    @Override
    public int code() {
      return Options.INFO;
    }
  }

  /**
   * Ask about an export and start the transmission.
   *
   * @param name the export, "" for the default one
   * @param infoTypes the wanted {@link io.nbd4j.wire.InfoTypes}, each an unsigned 16-bit number
   */
  record Go(String name, List<Integer> infoTypes) implements OptionRequest {
    /** Copies the list. */
    public Go {
      infoTypes = List.copyOf(infoTypes);
      infoTypes.forEach(type -> Fields.requireU16(type, "info type"));
    }

    @Override
    public int code() {
      return Options.GO;
    }
  }

  /** Use structured replies. */
  record StructuredReply() implements OptionRequest {
    @Override
    public int code() {
      return Options.STRUCTURED_REPLY;
    }
  }

  /**
   * List the meta contexts of an export.
   *
   * @param name the export, "" for the default one
   * @param queries what to look for; empty for everything
   */
  record ListMetaContext(String name, List<String> queries) implements OptionRequest {
    /** Copies the list. */
    public ListMetaContext {
      queries = List.copyOf(queries);
    }

    @Override
    public int code() {
      return Options.LIST_META_CONTEXT;
    }
  }

  /**
   * Choose the meta contexts of an export, in place of those chosen before.
   *
   * @param name the export, "" for the default one
   * @param queries what to choose; empty for nothing
   */
  record SetMetaContext(String name, List<String> queries) implements OptionRequest {
    /** Copies the list. */
    public SetMetaContext {
      queries = List.copyOf(queries);
    }

    @Override
    public int code() {
      return Options.SET_META_CONTEXT;
    }
  }

  /** Use headers with 64-bit lengths. */
  record ExtendedHeaders() implements OptionRequest {
    @Override
    public int code() {
      return Options.EXTENDED_HEADERS;
    }
  }

  /**
   * An option kept as it came: an unknown one, or the withdrawn PEEK_EXPORT. Any number can be
   * sent, so a test can send a known option with data that do not fit it.
   *
   * @param code the number of the option
   * @param data the bytes after the header; copied
   */
  @SuppressWarnings("ArrayRecordComponent") // Copied in and out, and compared by content.
  record Unknown(int code, byte[] data) implements OptionRequest {
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
      return other instanceof Unknown that && Fields.same(code, data, that.code, that.data);
    }

    @Override
    public int hashCode() {
      return Fields.hash(code, data);
    }

    @Override
    public String toString() {
      return Fields.show("code", code, data);
    }
  }
}
