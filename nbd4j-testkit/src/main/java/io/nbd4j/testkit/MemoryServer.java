package io.nbd4j.testkit;

import io.nbd4j.server.NbdServer;
import io.nbd4j.server.backend.MemoryBackend;
import java.util.List;

/** Our own server as a program: one export in memory. */
public final class MemoryServer {

  private static final String STDIO = "stdio";
  private static final String INHERITED = "inherited";

  private MemoryServer() {}

  /** The command line of a server that talks over its standard input and output. */
  public static List<String> stdio(long size) {
    return JavaProgram.command(MemoryServer.class, STDIO, Long.toString(size));
  }

  /** The command line of a server that is started with socket activation. */
  public static List<String> inherited(long size) {
    return JavaProgram.command(MemoryServer.class, INHERITED, Long.toString(size));
  }

  /** Serves until the client leaves, or until it is told to end. */
  public static void main(String[] arguments) throws Exception {
    try (NbdServer server =
        NbdServer.builder().export("", new MemoryBackend(Long.parseLong(arguments[1]))).start()) {
      switch (arguments[0]) {
        case STDIO -> server.serveStdio();
        case INHERITED -> server.serveInherited();
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    }
  }
}
