package io.nbd4j.tools.serve;

import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.backend.FileBackend;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.server.backend.ReadOnly;
import java.io.IOException;
import java.nio.file.Path;

/** An export that the command line asks for. */
record ExportSpec(String name, String description, Source source) {
  /** Where the content is. */
  sealed interface Source {
    /** Zeroes at first, in the heap. */
    record Memory(long size) implements Source {}

    /** An existing file. */
    record File(Path path) implements Source {}
  }

  ExportSpec withDescription(String text) {
    return new ExportSpec(name, text, source);
  }

  Backend open(boolean readOnly) throws IOException {
    return switch (source) {
      case Source.Memory(long size) -> {
        MemoryBackend memory = new MemoryBackend(size);
        yield readOnly ? new ReadOnly(memory) : memory;
      }
      case Source.File(Path path) ->
          readOnly ? FileBackend.openReadOnly(path) : FileBackend.open(path);
    };
  }
}
