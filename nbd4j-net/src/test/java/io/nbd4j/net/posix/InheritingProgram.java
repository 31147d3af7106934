package io.nbd4j.net.posix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Answers one line on an inherited socket, talking to its standard streams before and after.
 *
 * <p>Arguments: a FIFO that is read before the program ends; the socket's descriptor; another
 * descriptor, that is opened in vain.
 */
final class InheritingProgram {

  private InheritingProgram() {}

  public static void main(String[] args) throws IOException {
    int descriptor = Integer.parseInt(args[1]);
    try (Channel channel = InheritedChannel.open(descriptor)) {
      System.out.println("out: open");
      System.err.println("err: open");
      switch (channel) {
        case SocketChannel connected -> answer(connected);
        case ServerSocketChannel listener -> {
          System.err.println("err: listening on " + listener.getLocalAddress());
          try (SocketChannel accepted = listener.accept()) {
            answer(accepted);
          }
        }
        default -> throw new IOException("neither kind of socket: " + channel);
      }
      try {
        InheritedChannel.open(Integer.parseInt(args[2]));
      } catch (IOException expected) {
        System.err.println("err: " + expected.getMessage());
      }
    }
    System.out.println("out: closed");
    System.err.println("err: closed");
    Files.readAllBytes(Path.of(args[0]));
  }

  private static void answer(SocketChannel channel) throws IOException {
    ByteBuffer line = ByteBuffer.allocate(100);
    while (channel.read(line) >= 0 && line.get(line.position() - 1) != '\n') {}
    String text = new String(line.array(), 0, line.position(), StandardCharsets.UTF_8);
    channel.write(ByteBuffer.wrap(("answer to " + text).getBytes(StandardCharsets.UTF_8)));
  }
}
