package io.nbd4j.net.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.Charset;
import java.nio.file.Path;

/** Sockets as descriptors, for handing them to a child process. */
public final class Sockets {

  /** The address family of Unix sockets. */
  public static final int AF_UNIX = 1;

  /** The address family of IPv4. */
  public static final int AF_INET = 2;

  /** The address family of IPv6. */
  public static final int AF_INET6 = 10;

  /** The type of a byte stream socket. */
  public static final int SOCK_STREAM = 1;

  /** The longest queue of unaccepted connections that Linux grants by default. */
  public static final int SOMAXCONN = 4096;

  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_TYPE = 3;
  private static final int SO_SNDBUF = 7;
  private static final int SO_DOMAIN = 39;

  /** {@code struct sockaddr_un}: the family, then the path and its final NUL. */
  private static final int ADDRESS_BYTES = 110;

  private static final int PATH_OFFSET = 2;

  /** The charset that NIO writes this same path in when it connects. */
  private static final Charset PATH_CHARSET =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  private Sockets() {}

  private static final class Calls {
    static final MethodHandle SOCKET =
        Libc.function("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle BIND = Libc.function("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle LISTEN = Libc.function("listen", JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle ACCEPT4 =
        Libc.function("accept4", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
    static final MethodHandle SETSOCKOPT =
        Libc.function("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle GETSOCKOPT =
        Libc.function("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  }

  /**
   * Opens a Unix stream socket that listens; closed on exec.
   *
   * @param path where its name appears; the caller removes it
   * @param backlog how many connections may wait to be accepted
   * @return the descriptor, 3 or more
   * @throws PosixException if a system call fails; {@code ENAMETOOLONG} for a path of more than 107
   *     bytes
   */
  public static int listen(Path path, int backlog) throws PosixException {
    byte[] name = path.toString().getBytes(PATH_CHARSET);
    if (name.length >= ADDRESS_BYTES - PATH_OFFSET) {
      throw new PosixException("bind " + path, PosixException.ENAMETOOLONG);
    }
    int socket =
        Descriptors.aboveStandard(
            Libc.check(
                "socket",
                (arena, errno) ->
                    (int) Calls.SOCKET.invokeExact(errno, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    boolean listening = false;
    try {
      Libc.check(
          "bind",
          (arena, errno) -> {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, Short.BYTES);
            address.set(JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, JAVA_BYTE, PATH_OFFSET, name.length);
            return (int) Calls.BIND.invokeExact(errno, socket, address, ADDRESS_BYTES);
          });
      Libc.check(
          "listen", (arena, errno) -> (int) Calls.LISTEN.invokeExact(errno, socket, backlog));
      listening = true;
    } finally {
      if (!listening) {
        Descriptors.close(socket);
      }
    }
    return socket;
  }

  /**
   * Accepts a connection, waiting for it; closed on exec, in blocking mode.
   *
   * @param listener a listening socket
   * @return the descriptor, 3 or more
   * @throws PosixException if the system call fails
   */
  public static int accept(int listener) throws PosixException {
    return Descriptors.aboveStandard(
        Libc.check(
            "accept4",
            (arena, errno) ->
                (int)
                    Calls.ACCEPT4.invokeExact(
                        errno, listener, MemorySegment.NULL, MemorySegment.NULL, SOCK_CLOEXEC)));
  }

  /**
   * Asks for a send buffer; the system may grant less.
   *
   * @param socket a socket
   * @param bytes the size wanted, in bytes
   * @throws PosixException if the system call fails
   */
  public static void setSendBuffer(int socket, int bytes) throws PosixException {
    Libc.check(
        "setsockopt",
        (arena, errno) ->
            (int)
                Calls.SETSOCKOPT.invokeExact(
                    errno,
                    socket,
                    SOL_SOCKET,
                    SO_SNDBUF,
                    arena.allocateFrom(JAVA_INT, bytes),
                    Integer.BYTES));
  }

  /**
   * Returns the size of the send buffer as the system counts it, twice what was asked for.
   *
   * @param socket a socket
   * @return the size, in bytes
   * @throws PosixException if the system call fails
   */
  public static int sendBuffer(int socket) throws PosixException {
    return option(socket, SO_SNDBUF);
  }

  /**
   * Returns the kind of a socket.
   *
   * @param descriptor any descriptor
   * @return the type, {@link #SOCK_STREAM} or another of the system's numbers
   * @throws PosixException if it is not a socket, or not open
   */
  public static int type(int descriptor) throws PosixException {
    return option(descriptor, SO_TYPE);
  }

  /**
   * Returns the address family of a socket.
   *
   * @param descriptor any descriptor
   * @return the family, {@link #AF_UNIX} or another of the system's numbers
   * @throws PosixException if it is not a socket, or not open
   */
  public static int family(int descriptor) throws PosixException {
    return option(descriptor, SO_DOMAIN);
  }

  private static int option(int socket, int name) throws PosixException {
    try (Arena outer = Arena.ofConfined()) {
      MemorySegment value = outer.allocate(JAVA_INT);
      Libc.check(
          "getsockopt",
          (arena, errno) ->
              (int)
                  Calls.GETSOCKOPT.invokeExact(
                      errno,
                      socket,
                      SOL_SOCKET,
                      name,
                      value,
                      arena.allocateFrom(JAVA_INT, Integer.BYTES)));
      return value.get(JAVA_INT, 0);
    }
  }
}
