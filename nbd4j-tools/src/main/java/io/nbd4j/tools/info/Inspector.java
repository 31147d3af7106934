package io.nbd4j.tools.info;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.tools.cli.ServerArgument;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Asks a server about its exports. An export that cannot be examined is a failure beside what was
 * learnt of the others.
 */
final class Inspector {
  private final Request request;
  private final List<ExportInfo> exports = new ArrayList<>();
  private final List<NbdException> failures = new ArrayList<>();

  Inspector(Request request) {
    this.request = request;
  }

  /** What the server lists. */
  private record Listed(String name, String description) {}

  /** Whether the failure is that of a name that the server does not know. */
  static boolean isUnknownExport(NbdException failure) {
    return failure.errno() == Errno.ENOENT && failure.kind() == NbdException.Kind.SERVER;
  }

  /** The exports that could not be examined, once the others were. */
  List<NbdException> failures() {
    return failures;
  }

  /** The size in bytes of the export. */
  long size() throws NbdException {
    try (NbdHandle handle = connected(false)) {
      if (handle.aioIsNegotiating() && !learnt(handle)) {
        try {
          handle.optGo();
        } catch (NbdException unknown) {
          // Asking for the size says that it is not known.
        }
      }
      long size = handle.getSize();
      shutDown(handle);
      return size;
    }
  }

  /** The connection, and the export that it is for or all exports. */
  ServerInfo inspect() throws NbdException, InterruptedException {
    ServerInfo connection;
    List<Listed> listed = new ArrayList<>();
    try (NbdHandle handle = connected(true)) {
      connection = ServerInfo.of(handle, List.of());
      if (request.mode() == Request.Mode.LIST) {
        handle.optList((name, description) -> listed.add(new Listed(name, description)));
        if (!listed.isEmpty()) {
          examineWhileNegotiating(handle, listed);
        }
      } else {
        examine(handle, null);
      }
      shutDown(handle);
    }
    // Reading an export ends the negotiation. One connection after the other: some servers take
    // no more than one at a time.
    while (!listed.isEmpty()) {
      try (NbdHandle handle = connected(true)) {
        examineWhileNegotiating(handle, listed);
        shutDown(handle);
      }
    }
    return connection.withExports(exports);
  }

  /** Examines the first export, and those after it that this connection is good for. */
  private void examineWhileNegotiating(NbdHandle handle, List<Listed> listed)
      throws NbdException, InterruptedException {
    do {
      Listed export = listed.removeFirst();
      handle.setExportName(export.name());
      examine(handle, export.description());
    } while (!listed.isEmpty() && handle.aioIsNegotiating());
  }

  private NbdHandle connected(boolean fullInfo) throws NbdException {
    NbdHandle handle = new NbdHandle();
    try {
      handle.setHandleName("nbdinfo");
      if (request.debug()) {
        handle.setDebug(true);
      }
      handle.setUriAllowLocalFile(true);
      handle.setOptMode(true);
      handle.setFullInfo(fullInfo);
      request.server().connect(handle);
      return handle;
    } catch (NbdException | RuntimeException e) {
      handle.close();
      throw e;
    }
  }

  private void examine(NbdHandle handle, @Nullable String description)
      throws NbdException, InterruptedException {
    List<String> contexts = new ArrayList<>();
    if (handle.aioIsNegotiating()) {
      boolean learnt = learnt(handle);
      try {
        handle.optListMetaContextQueries(List.of(), contexts::add);
      } catch (NbdException withoutContexts) {
        contexts.clear();
      }
      if (!learnt || request.content()) {
        try {
          handle.optGo();
        } catch (NbdException e) {
          failures.add(e);
          return;
        }
      }
    }
    exports.add(
        ExportInfo.of(
            handle,
            description == null || description.isEmpty() ? null : description,
            request.content() ? ContentProbe.of(handle) : null,
            request.server() instanceof ServerArgument.Uri,
            contexts));
  }

  private static boolean learnt(NbdHandle handle) {
    try {
      handle.optInfo();
      return true;
    } catch (NbdException refused) {
      return false;
    }
  }

  /** Leaves politely, if the server still cares. */
  private static void shutDown(NbdHandle handle) {
    try {
      handle.shutdown();
    } catch (NbdException gone) {
      // Everything has been learnt.
    }
  }
}
