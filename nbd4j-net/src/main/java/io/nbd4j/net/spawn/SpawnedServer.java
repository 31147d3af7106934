package io.nbd4j.net.spawn;

import java.nio.file.Path;

/**
 * A child process that was given a listening Unix socket.
 *
 * @param socket where to connect
 * @param process the child
 */
public record SpawnedServer(Path socket, Subprocess process) {

  /**
   * Removes the socket's name and its directory. May be called again; a failure is ignored, as all
   * that it leaves is an empty name.
   */
  public void cleanup() {
    new SocketName(socket).close();
  }
}
