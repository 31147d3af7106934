package io.nbd4j.net.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;

/** Child processes: starting, signalling and reaping them. */
public final class Processes {

  /** In place of a descriptor in {@link #spawn}: the child keeps what this process has there. */
  public static final int INHERIT = -1;

  private static final int WNOHANG = 1;

  private Processes() {}

  private static final class Calls {
    static final MethodHandle SPAWNP =
        Libc.function(
            "posix_spawnp", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    static final MethodHandle WAITPID =
        Libc.function("waitpid", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle KILL = Libc.function("kill", JAVA_INT, JAVA_INT, JAVA_INT);
  }

  /**
   * Starts a program, searched in {@code PATH}, with the default action for SIGPIPE and no signal
   * blocked.
   *
   * <p>The parent-death signal that the child may ask for fires when the calling <em>thread</em>
   * ends.
   *
   * @param argv the program and its arguments, passed as UTF-8
   * @param environment {@code NAME=value}, without a final NUL; see {@link Environment#current}
   * @param descriptors what becomes descriptor 0, 1, 2 ... of the child, each {@link #INHERIT}, its
   *     own number, or a number past the end of this list; the child has no others
   * @return the process number
   * @throws PosixException if the program cannot be started, named after the program; {@code
   *     EINVAL} for a NUL character in an argument or variable
   */
  public static long spawn(List<String> argv, List<byte[]> environment, int... descriptors)
      throws PosixException {
    return spawn(FileActions.CAN_CLOSE_FROM, argv, environment, descriptors);
  }

  static long spawn(
      boolean closeFrom, List<String> argv, List<byte[]> environment, int... descriptors)
      throws PosixException {
    String program = argv.getFirst();
    List<byte[]> arguments =
        argv.stream().map(argument -> argument.getBytes(StandardCharsets.UTF_8)).toList();
    try (Arena arena = Arena.ofConfined();
        FileActions actions = new FileActions(arena);
        SpawnAttributes attributes = new SpawnAttributes(arena)) {
      for (int i = 0; i < descriptors.length; i++) {
        if (descriptors[i] != INHERIT) {
          actions.duplicate(descriptors[i], i, descriptors.length);
        }
      }
      actions.closeFrom(descriptors.length, closeFrom);
      MemorySegment pid = arena.allocate(JAVA_INT);
      MemorySegment argumentVector = strings(arena, arguments);
      int error =
          (int)
              Calls.SPAWNP.invokeExact(
                  Libc.errnoState(arena),
                  pid,
                  argumentVector.get(ADDRESS, 0),
                  actions.segment(),
                  attributes.segment(),
                  argumentVector,
                  strings(arena, environment));
      if (error != 0) {
        throw new PosixException(program, error);
      }
      return pid.get(JAVA_INT, 0);
    } catch (Throwable failure) {
      throw Libc.rethrow(failure);
    }
  }

  /** Returns a NULL-terminated array of pointers to NUL-terminated strings. */
  private static MemorySegment strings(Arena arena, List<byte[]> values) throws PosixException {
    MemorySegment array = arena.allocate(ADDRESS, values.size() + 1L);
    for (int i = 0; i < values.size(); i++) {
      byte[] value = values.get(i);
      for (byte b : value) {
        if (b == 0) {
          throw new PosixException(
              "NUL character in an argument or environment variable", PosixException.EINVAL);
        }
      }
      MemorySegment string = arena.allocate(value.length + 1L);
      string.copyFrom(MemorySegment.ofArray(value));
      array.setAtIndex(ADDRESS, i, string);
    }
    return array;
  }

  /**
   * Reaps a child if it has ended, without waiting.
   *
   * @param pid a child of this process
   * @return its wait status as the system encodes it, empty while it runs
   * @throws PosixException {@code ECHILD} if there is no such child, any more
   */
  public static OptionalInt reap(long pid) throws PosixException {
    try (Arena outer = Arena.ofConfined()) {
      MemorySegment status = outer.allocate(JAVA_INT);
      int reaped =
          Libc.check(
              "waitpid",
              (arena, errno) ->
                  (int) Calls.WAITPID.invokeExact(errno, Math.toIntExact(pid), status, WNOHANG));
      return reaped == 0 ? OptionalInt.empty() : OptionalInt.of(status.get(JAVA_INT, 0));
    }
  }

  /**
   * Sends a signal.
   *
   * @param pid the process
   * @param signal the system's number of the signal, 0 to test only
   * @throws PosixException {@code ESRCH} if there is no such process, {@code EINVAL} if there is no
   *     such signal, or another error
   */
  public static void kill(long pid, int signal) throws PosixException {
    Libc.check(
        "kill",
        (arena, errno) -> (int) Calls.KILL.invokeExact(errno, Math.toIntExact(pid), signal));
  }
}
