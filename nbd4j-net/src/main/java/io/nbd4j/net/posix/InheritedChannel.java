package io.nbd4j.net.posix;

import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * A socket that this process was started with, as an NIO channel.
 *
 * <p>Only {@link System#inheritedChannel} makes a channel of a descriptor. It takes descriptor 0,
 * once in the life of a process, keeps a copy, and when that channel is closed it points 0, 1 and 2
 * at its own {@code /dev/null}. Here any descriptor is moved to 0 for that moment, and what the JDK
 * would use as {@code /dev/null} is made a copy of standard error, so that errors can still be seen
 * after the channel has been closed.
 */
public final class InheritedChannel {

  private static final String NULL_DEVICE = "/dev/null";
  private static final Path OPEN_DESCRIPTORS = Path.of("/proc/self/fd");
  private static final int STANDARD_STREAMS = 3;
  private static final int STANDARD_ERROR = 2;

  private static boolean opened;

  private InheritedChannel() {}

  /**
   * Turns a stream socket into a channel, in blocking mode, and closes the descriptor.
   *
   * <p>Whichever of the standard streams is this same socket becomes {@code /dev/null}, so that
   * stray output cannot get into the conversation, and the connection ends when the channel is
   * closed. The others stay as they are; after the channel has been closed all three are what
   * standard error was.
   *
   * @param descriptor the socket's number: 0 from inetd, 3 from systemd
   * @return a {@link java.nio.channels.SocketChannel} if it is connected, else a {@link
   *     java.nio.channels.ServerSocketChannel}
   * @throws IOException if it is not an internet or Unix stream socket, or this is the second call
   *     in this process
   */
  public static synchronized Channel open(int descriptor) throws IOException {
    requireStreamSocket(descriptor);
    if (opened) {
      throw new IOException("only one socket can be inherited, and one has been opened before");
    }
    opened = true;
    Set<Integer> before = nullDevices();
    Channel channel = adopt(descriptor);
    detachStandardStreams(descriptor);
    if (descriptor >= STANDARD_STREAMS) {
      Descriptors.close(descriptor);
    }
    Set<Integer> added = nullDevices();
    added.removeAll(before);
    redirectToStandardError(added);
    return channel;
  }

  private static void requireStreamSocket(int descriptor) throws IOException {
    int type;
    int family;
    try {
      type = Sockets.type(descriptor);
      family = Sockets.family(descriptor);
    } catch (PosixException e) {
      throw new IOException("descriptor " + descriptor + " is not a socket", e);
    }
    boolean known =
        family == Sockets.AF_UNIX || family == Sockets.AF_INET || family == Sockets.AF_INET6;
    if (type != Sockets.SOCK_STREAM || !known) {
      throw new IOException(
          "descriptor " + descriptor + " is not an internet or Unix stream socket");
    }
  }

  private static Channel adopt(int descriptor) throws IOException {
    if (descriptor == 0) {
      return inherited();
    }
    int input = copyOfStandardInput();
    try {
      Descriptors.duplicateTo(descriptor, 0);
      return inherited();
    } finally {
      Descriptors.duplicateTo(input, 0);
      Descriptors.close(input);
    }
  }

  private static Channel inherited() throws IOException {
    Channel channel = System.inheritedChannel();
    if (channel == null) {
      throw new IOException("the Java runtime cannot use the inherited socket");
    }
    return channel;
  }

  private static int copyOfStandardInput() throws PosixException {
    try {
      return Descriptors.duplicate(0);
    } catch (PosixException closed) {
      return Descriptors.open(NULL_DEVICE);
    }
  }

  private static void detachStandardStreams(int descriptor) throws IOException {
    String socket = target(descriptor);
    int nullDevice = Descriptors.open(NULL_DEVICE);
    try {
      for (int stream = 0; stream < STANDARD_STREAMS; stream++) {
        if (target(stream).equals(socket)) {
          Descriptors.duplicateTo(nullDevice, stream);
        }
      }
    } finally {
      Descriptors.close(nullDevice);
    }
  }

  /** Makes {@code added} a copy of standard error, provided that it is one, and unambiguous. */
  private static void redirectToStandardError(Set<Integer> added) throws IOException {
    if (added.size() == 1 && !target(STANDARD_ERROR).isEmpty()) {
      Descriptors.duplicateTo(STANDARD_ERROR, added.iterator().next());
    }
  }

  private static Set<Integer> nullDevices() throws IOException {
    Set<Integer> found = new HashSet<>();
    try (DirectoryStream<Path> open = Files.newDirectoryStream(OPEN_DESCRIPTORS)) {
      for (Path entry : open) {
        int descriptor = Integer.parseInt(entry.getFileName().toString());
        if (descriptor >= STANDARD_STREAMS && target(descriptor).equals(NULL_DEVICE)) {
          found.add(descriptor);
        }
      }
    }
    return found;
  }

  /** Returns a path, or a kind and number such as {@code socket:[1234]}; empty if it is closed. */
  private static String target(int descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(OPEN_DESCRIPTORS.resolve(Integer.toString(descriptor)))
          .toString();
    } catch (NoSuchFileException closed) {
      return "";
    }
  }
}
