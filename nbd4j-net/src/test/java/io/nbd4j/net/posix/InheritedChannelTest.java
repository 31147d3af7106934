package io.nbd4j.net.posix;

import static io.nbd4j.net.posix.Processes.INHERIT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.net.spawn.Children;
import io.nbd4j.net.spawn.JavaProgram;
import io.nbd4j.net.spawn.RunningCommand;
import io.nbd4j.net.spawn.RunningServer;
import io.nbd4j.net.spawn.Subprocess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InheritedChannelTest {

  private static final String NOT_A_SOCKET = "err: descriptor 0 is not a socket\n";

  @TempDir Path directory;
  private Path out;
  private Path err;
  private Path fifo;

  @BeforeEach
  void makeFiles() throws Exception {
    out = directory.resolve("out");
    err = directory.resolve("err");
    fifo = directory.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
  }

  /** The command line, with a shell that first redirects streams to files in {@code $0}. */
  private List<String> program(int descriptor, int another, String redirections) {
    List<String> java =
        JavaProgram.commandLine(
            InheritingProgram.class,
            fifo.toString(),
            Integer.toString(descriptor),
            Integer.toString(another));
    return Stream.concat(
            Stream.of("sh", "-c", "exec \"$@\" " + redirections, directory.toString()),
            java.stream())
        .toList();
  }

  private static String converse(SocketChannel channel) throws IOException {
    channel.write(ByteBuffer.wrap("hello\n".getBytes(StandardCharsets.UTF_8)));
    return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Lets the program end, which waits for this so that all that we saw was done by its close. */
  private void release(Subprocess process) throws IOException {
    assertNull(process.exitStatus());
    Files.writeString(fifo, "x");
    assertEquals(0, Children.await(process).code());
  }

  @Test
  void connectionOnStandardInputAndOutputIsKeptClean() throws IOException {
    try (RunningCommand child = RunningCommand.start(program(0, 0, "2>$0/err"))) {
      assertEquals("answer to hello\n", converse(child.channel()));
      release(child.process());
      assertEquals(
          "err: open\n" + NOT_A_SOCKET + "out: closed\nerr: closed\n", Files.readString(err));
    }
  }

  @Test
  void standardErrorThatIsTheConnectionIsSilenced() throws IOException {
    try (RunningCommand child = RunningCommand.start(program(0, 0, "2>&0"))) {
      assertEquals("answer to hello\n", converse(child.channel()));
      release(child.process());
    }
  }

  @Test
  void activatedSocketLeavesTheStandardStreamsAlone() throws IOException {
    try (RunningServer child = RunningServer.start(program(3, 0, ">$0/out 2>$0/err"), "");
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(child.socket()))) {
      assertEquals("answer to hello\n", converse(channel));
      release(child.process());
      assertEquals("out: open\n", Files.readString(out));
      assertEquals(
          "err: open\nerr: listening on "
              + child.socket()
              + "\n"
              + NOT_A_SOCKET
              + "out: closed\nerr: closed\n",
          Files.readString(err));
    }
  }

  @Test
  void onlyOneSocketIsInherited() throws IOException {
    Path path = directory.resolve("sock");
    int listener = Sockets.listen(path, 1);
    Subprocess child;
    try {
      child =
          spawn(program(3, 4, ">$0/out 2>$0/err"), INHERIT, INHERIT, INHERIT, listener, listener);
    } finally {
      Descriptors.close(listener);
    }
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertEquals("answer to hello\n", converse(channel));
      release(child);
      String messages = Files.readString(err);
      assertTrue(messages.contains("err: only one socket can be inherited"), messages);
    } finally {
      Children.end(child);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void listeningInternetSocketIsInherited(boolean onlyIpv4) throws IOException {
    Subprocess child;
    InetSocketAddress address;
    try (ServerSocketChannel listener = listenOnLoopback(onlyIpv4)) {
      address = (InetSocketAddress) listener.getLocalAddress();
      child = spawn(program(0, 0, ">$0/out 2>$0/err"), InternetSockets.find(address.getPort(), 0));
    }
    try (SocketChannel client = SocketChannel.open(address)) {
      assertEquals("answer to hello\n", converse(client));
      release(child);
      String messages = Files.readString(err);
      assertTrue(messages.contains("listening on " + address), messages);
    } finally {
      Children.end(child);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void connectedInternetSocketIsInherited(boolean onlyIpv4) throws IOException {
    try (ServerSocketChannel listener = listenOnLoopback(onlyIpv4);
        SocketChannel client = SocketChannel.open(listener.getLocalAddress())) {
      Subprocess child;
      try (SocketChannel accepted = listener.accept()) {
        int here = ((InetSocketAddress) accepted.getLocalAddress()).getPort();
        int there = ((InetSocketAddress) accepted.getRemoteAddress()).getPort();
        int socket = InternetSockets.find(here, there);
        child = spawn(program(0, 0, "2>$0/err"), socket, socket);
      }
      try {
        assertEquals("answer to hello\n", converse(client));
        release(child);
        assertTrue(Files.readString(err).startsWith("err: open\n"));
      } finally {
        Children.end(child);
      }
    }
  }

  @Test
  void fileIsNotASocket() throws IOException {
    int file = Descriptors.open("/dev/null");
    try {
      IOException e = assertThrows(IOException.class, () -> InheritedChannel.open(file));
      assertEquals("descriptor " + file + " is not a socket", e.getMessage());
    } finally {
      Descriptors.close(file);
    }
  }

  @Test
  void datagramSocketIsRefused() throws IOException {
    try (DatagramChannel channel = DatagramChannel.open(StandardProtocolFamily.INET)) {
      channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int socket = InternetSockets.find(channel.socket().getLocalPort(), 0);
      IOException e = assertThrows(IOException.class, () -> InheritedChannel.open(socket));
      assertEquals(
          "descriptor " + socket + " is not an internet or Unix stream socket", e.getMessage());
    }
  }

  private static ServerSocketChannel listenOnLoopback(boolean onlyIpv4) throws IOException {
    ServerSocketChannel listener =
        onlyIpv4
            ? ServerSocketChannel.open(StandardProtocolFamily.INET)
            : ServerSocketChannel.open();
    return listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private static Subprocess spawn(List<String> argv, int... descriptors) throws IOException {
    int[] all = Arrays.copyOf(descriptors, Math.max(3, descriptors.length));
    Arrays.fill(all, Math.min(descriptors.length, 3), 3, INHERIT);
    System.arraycopy(descriptors, 0, all, 0, descriptors.length);
    return Children.of(Processes.spawn(argv, Environment.current(), all), argv);
  }
}
