package io.nbd4j.net.spawn;

import io.nbd4j.net.posix.Descriptors;
import io.nbd4j.net.posix.Environment;
import io.nbd4j.net.posix.PosixException;
import io.nbd4j.net.posix.Processes;
import io.nbd4j.net.posix.Sockets;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Starts servers as children of this process, on Linux.
 *
 * <p>A child inherits the environment, the current directory, and only the descriptors named here.
 * SIGPIPE has its default action and no signal is blocked. The death of its parent, about which a
 * child may ask the system to be signalled, is the end of this virtual machine. The calls wait for
 * the program to be started, and an interrupt does not end that wait.
 */
public final class Spawner {

  private static final String SHELL = "/bin/sh";

  /** Only the child can know its number before it starts the program: it keeps it across exec. */
  private static final String ACTIVATE = "LISTEN_PID=$$; export LISTEN_PID; exec \"$@\"";

  private static final List<String> ACTIVATION_VARIABLES =
      List.of("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES");

  private Spawner() {}

  /**
   * Starts a program with one end of a socket as its standard input and output. Standard error is
   * inherited.
   *
   * @param argv the program, searched in {@code PATH}, and its arguments; not empty
   * @return the child and the other end of the socket
   * @throws PosixException if the program cannot be started, for example {@code nosuch: No such
   *     file or directory}
   * @throws IOException if the socket cannot be made
   */
  public static SpawnedCommand command(List<String> argv) throws IOException {
    List<String> arguments = List.copyOf(argv);
    return SpawnThread.call(() -> {
      try (SocketPair pair = SocketPair.open()) {
        long pid = start(arguments, pair.childEnd());
        return new SpawnedCommand(pair.keepOurEnd(), new Subprocess(pid, arguments));
      }
    });
  }

  private static long start(List<String> argv, int socket) throws PosixException {
    List<byte[]> environment = Environment.current();
    try {
      return Processes.spawn(argv, environment, socket, socket, Processes.INHERIT);
    } catch (PosixException e) {
      if (e.errno() != PosixException.ENOEXEC) {
        throw e;
      }
      // A script that does not name its interpreter is the shell's, to every exec that searches.
      List<String> script = new ArrayList<>(argv);
      script.set(0, SearchPath.find(argv.getFirst()));
      script.addFirst(SHELL);
      return Processes.spawn(script, environment, socket, socket, Processes.INHERIT);
    }
  }

  /**
   * Starts a program with a listening Unix socket as descriptor 3, as systemd's socket activation
   * does. Standard input, output and error are inherited.
   *
   * @param argv the program, searched in {@code PATH}, and its arguments; not empty
   * @param socketName what {@code LISTEN_FDNAMES} tells the program, {@code unknown} if empty
   * @return the child and the socket to connect to, whose name the caller has to clean up
   * @throws PosixException if the program cannot be started, for example {@code nosuch: No such
   *     file or directory}
   * @throws IOException if the socket cannot be made
   */
  public static SpawnedServer socketActivation(List<String> argv, String socketName)
      throws IOException {
    List<String> arguments = List.copyOf(argv);
    // The shell would report a missing program too late, and to standard error.
    SearchPath.find(arguments.getFirst());
    List<String> shim =
        Stream.concat(Stream.of(SHELL, "-c", ACTIVATE, SHELL), arguments.stream()).toList();
    return SpawnThread.call(() -> {
      SocketName name = SocketName.create();
      boolean started = false;
      try {
        int listener = Sockets.listen(name.path(), Sockets.SOMAXCONN);
        try {
          long pid =
              Processes.spawn(
                  shim,
                  activationEnvironment(socketName.isEmpty() ? "unknown" : socketName),
                  Processes.INHERIT,
                  Processes.INHERIT,
                  Processes.INHERIT,
                  listener);
          started = true;
          return new SpawnedServer(name.path(), new Subprocess(pid, arguments));
        } finally {
          Descriptors.close(listener);
        }
      } finally {
        if (!started) {
          name.close();
        }
      }
    });
  }

  private static List<byte[]> activationEnvironment(String socketName) {
    List<byte[]> environment = Environment.current();
    environment.removeIf(variable -> ACTIVATION_VARIABLES.contains(name(variable)));
    environment.add(bytes("LISTEN_FDS=1"));
    environment.add(bytes("LISTEN_FDNAMES=" + socketName));
    return environment;
  }

  private static String name(byte[] variable) {
    String text = new String(variable, StandardCharsets.ISO_8859_1);
    int end = text.indexOf('=');
    return end < 0 ? text : text.substring(0, end);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
