package io.nbd4j.net.spawn;

import java.nio.channels.SocketChannel;

/**
 * A child process whose standard input and output are one socket.
 *
 * @param channel the other end of that socket, connected, in blocking mode
 * @param process the child
 */
public record SpawnedCommand(SocketChannel channel, Subprocess process) {}
