package io.nbd4j.tools.info;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.BlockSize;
import io.nbd4j.model.NbdException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a server says of an export; null is what it does not say. */
record ExportInfo(
    String name,
    @Nullable String description,
    @Nullable Long size,
    @Nullable String content,
    @Nullable String uri,
    List<String> contexts,
    List<Flag> flags,
    List<Block> blockSizes) {
  /** A property of the export that it has or not. */
  record Flag(String name, boolean value) {}

  /** A block size in bytes. */
  record Block(String name, long bytes) {}

  ExportInfo {
    contexts = List.copyOf(contexts);
    flags = List.copyOf(flags);
    blockSizes = List.copyOf(blockSizes);
  }

  /** A question to a handle. */
  @FunctionalInterface
  private interface Question<T> {
    T ask(NbdHandle handle) throws NbdException;
  }

  private record FlagQuestion(String name, Question<Boolean> question) {}

  private static final List<FlagQuestion> FLAGS =
      List.of(
          new FlagQuestion("is_rotational", NbdHandle::isRotational),
          new FlagQuestion("is_read_only", NbdHandle::isReadOnly),
          new FlagQuestion("can_block_status_payload", NbdHandle::canBlockStatusPayload),
          new FlagQuestion("can_cache", NbdHandle::canCache),
          new FlagQuestion("can_df", NbdHandle::canDf),
          new FlagQuestion("can_fast_zero", NbdHandle::canFastZero),
          new FlagQuestion("can_flush", NbdHandle::canFlush),
          new FlagQuestion("can_fua", NbdHandle::canFua),
          new FlagQuestion("can_multi_conn", NbdHandle::canMultiConn),
          new FlagQuestion("can_trim", NbdHandle::canTrim),
          new FlagQuestion("can_zero", NbdHandle::canZero));

  /** Reads what a handle has learnt of its export. */
  static ExportInfo of(
      NbdHandle handle,
      @Nullable String listed,
      @Nullable String content,
      boolean withUri,
      List<String> contexts) {
    String name = answer(handle, NbdHandle::getCanonicalExportName);
    return new ExportInfo(
        name == null ? handle.getExportName() : name,
        listed == null ? answer(handle, NbdHandle::getExportDescription) : listed,
        answer(handle, NbdHandle::getSize),
        content,
        withUri ? answer(handle, NbdHandle::getUri) : null,
        contexts,
        flags(handle),
        blockSizes(handle));
  }

  private static List<Flag> flags(NbdHandle handle) {
    List<Flag> flags = new ArrayList<>();
    for (FlagQuestion flag : FLAGS) {
      Boolean value = answer(handle, flag.question());
      if (value != null) {
        flags.add(new Flag(flag.name(), value));
      }
    }
    return flags;
  }

  private static List<Block> blockSizes(NbdHandle handle) {
    List<Block> sizes = new ArrayList<>();
    for (BlockSize kind : List.of(BlockSize.MINIMUM, BlockSize.PREFERRED, BlockSize.MAXIMUM)) {
      Long bytes = answer(handle, h -> h.getBlockSize(kind));
      if (bytes != null && bytes > 0) {
        sizes.add(new Block("block_size_" + kind.name().toLowerCase(Locale.ROOT), bytes));
      }
    }
    return sizes;
  }

  private static <T> @Nullable T answer(NbdHandle handle, Question<T> question) {
    try {
      return question.ask(handle);
    } catch (NbdException unknown) {
      return null;
    }
  }
}
