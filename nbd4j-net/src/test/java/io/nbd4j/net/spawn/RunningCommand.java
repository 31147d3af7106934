package io.nbd4j.net.spawn;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A command for the length of a test, which leaves neither its channel nor its process behind. */
public record RunningCommand(SocketChannel channel, Subprocess process) implements AutoCloseable {

  public static RunningCommand start(List<String> argv) throws IOException {
    SpawnedCommand command = Spawner.command(argv);
    return new RunningCommand(command.channel(), command.process());
  }

  /** Runs a command with nothing to read to its end, and returns what it wrote. */
  static String output(List<String> argv) throws IOException {
    try (RunningCommand command = start(argv)) {
      command.channel.shutdownOutput();
      String written =
          new String(
              Channels.newInputStream(command.channel).readAllBytes(), StandardCharsets.UTF_8);
      Children.await(command.process);
      return written;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Children.end(process);
  }
}
