package io.nbd4j.tools.info;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import java.util.List;

/** What a connection says of itself, and the exports that could be examined. */
record ServerInfo(
    String protocol, boolean tls, boolean structured, boolean extended, List<ExportInfo> exports) {
  ServerInfo {
    exports = List.copyOf(exports);
  }

  static ServerInfo of(NbdHandle handle, List<ExportInfo> exports) throws NbdException {
    return new ServerInfo(
        handle.getProtocol(),
        handle.getTlsNegotiated(),
        handle.getStructuredRepliesNegotiated(),
        handle.getExtendedHeadersNegotiated(),
        exports);
  }

  ServerInfo withExports(List<ExportInfo> examined) {
    return new ServerInfo(protocol, tls, structured, extended, examined);
  }
}
