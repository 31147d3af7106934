package io.nbd4j.net.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Finds the descriptor behind an NIO channel, which NIO does not tell. */
final class InternetSockets {

  private static final int LOCAL_ADDRESS = 1;
  private static final int REMOTE_ADDRESS = 2;
  private static final int INODE = 9;

  private InternetSockets() {}

  /** Finds this process's socket with these ports; the remote one is 0 if it is not connected. */
  static int find(int localPort, int remotePort) throws IOException {
    for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
      Path file = Path.of("/proc/self/net", table);
      for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
        String[] columns = line.strip().split("\\s+", -1);
        if (columns[0].endsWith(":")
            && port(columns[LOCAL_ADDRESS]) == localPort
            && port(columns[REMOTE_ADDRESS]) == remotePort) {
          return descriptor("socket:[" + columns[INODE] + "]");
        }
      }
    }
    throw new AssertionError("no socket on port " + localPort);
  }

  private static int port(String address) {
    return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
  }

  private static int descriptor(String target) throws IOException {
    try (var open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path entry : open) {
        if (Files.isSymbolicLink(entry)
            && Files.readSymbolicLink(entry).toString().equals(target)) {
          return Integer.parseInt(entry.getFileName().toString());
        }
      }
    }
    throw new AssertionError(target + " is not ours");
  }
}
