package io.nbd4j.net.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketsTest {

  private static final int EADDRINUSE = 98;
  private static final int ENOTSOCK = 88;

  @TempDir Path directory;

  @Test
  void listenerAcceptsAConnectionFromNio() throws IOException {
    Path path = directory.resolve("sock");
    int listener = Sockets.listen(path, 1);
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      int accepted = Sockets.accept(listener);
      assertTrue(accepted >= 3);
      assertEquals(Sockets.SOCK_STREAM, Sockets.type(accepted));
      assertEquals(Sockets.AF_UNIX, Sockets.family(accepted));
      Descriptors.close(accepted);
      assertEquals(-1, channel.read(ByteBuffer.allocate(1)));
    } finally {
      Descriptors.close(listener);
    }
  }

  @Test
  void sendBufferGrows() throws IOException {
    int listener = Sockets.listen(directory.resolve("sock"), 1);
    try {
      int before = Sockets.sendBuffer(listener);
      Sockets.setSendBuffer(listener, before);
      assertEquals(2 * before, Sockets.sendBuffer(listener));
    } finally {
      Descriptors.close(listener);
    }
  }

  @Test
  void pathThatDoesNotFitIsRefused() throws IOException {
    Path longest = Path.of("/" + "x".repeat(107));
    PosixException e = assertThrows(PosixException.class, () -> Sockets.listen(longest, 1));
    assertEquals(PosixException.ENAMETOOLONG, e.errno());
    assertEquals("bind " + longest + ": File name too long", e.getMessage());
  }

  @Test
  void nameInUseIsReported() throws IOException {
    Path path = directory.resolve("sock");
    int listener = Sockets.listen(path, 1);
    try {
      PosixException e = assertThrows(PosixException.class, () -> Sockets.listen(path, 1));
      assertEquals("bind: Address already in use", e.getMessage());
      assertEquals(EADDRINUSE, e.errno());
    } finally {
      Descriptors.close(listener);
    }
  }

  @Test
  void fileIsNotASocket() throws IOException {
    int file = Descriptors.open("/dev/null");
    try {
      assertEquals(ENOTSOCK, assertThrows(PosixException.class, () -> Sockets.type(file)).errno());
    } finally {
      Descriptors.close(file);
    }
  }
}
