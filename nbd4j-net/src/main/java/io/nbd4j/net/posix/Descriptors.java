package io.nbd4j.net.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** File descriptors as numbers: closing and copying them. */
public final class Descriptors {

  /** The first number that is not one of the three standard streams. */
  private static final int AFTER_STANDARD = 3;

  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x80000;

  private Descriptors() {}

  private static final class Calls {
    static final MethodHandle CLOSE = Libc.function("close", JAVA_INT, JAVA_INT);
    static final MethodHandle DUP2 = Libc.function("dup2", JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle FCNTL =
        Libc.variadic("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle OPEN = Libc.variadic("open", 2, JAVA_INT, ADDRESS, JAVA_INT);
  }

  /**
   * Closes a descriptor.
   *
   * @param descriptor the descriptor, which is gone afterwards even when an exception is thrown
   * @throws PosixException if it is not open, or what was written through it could not be kept
   */
  public static void close(int descriptor) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = Libc.errnoState(arena);
      int result = (int) Calls.CLOSE.invokeExact(state, descriptor);
      // Linux has released the number when a signal interrupts close: a second try could hit
      // somebody else's descriptor.
      if (result < 0 && Libc.errno(state) != PosixException.EINTR) {
        throw new PosixException("close", Libc.errno(state));
      }
    } catch (Throwable failure) {
      throw Libc.rethrow(failure);
    }
  }

  /**
   * Copies a descriptor to a free number above the standard streams, closed on exec.
   *
   * @param descriptor an open descriptor
   * @return the copy, 3 or more
   * @throws PosixException if it is not open, or there are too many
   */
  public static int duplicate(int descriptor) throws PosixException {
    return Libc.check(
        "fcntl",
        (arena, errno) ->
            (int) Calls.FCNTL.invokeExact(errno, descriptor, F_DUPFD_CLOEXEC, AFTER_STANDARD));
  }

  /**
   * Makes {@code to} a copy of {@code from} that children inherit; what {@code to} was is closed.
   *
   * @param from an open descriptor
   * @param to the number that becomes its copy
   * @throws PosixException if {@code from} is not open
   */
  public static void duplicateTo(int from, int to) throws PosixException {
    Libc.check("dup2", (arena, errno) -> (int) Calls.DUP2.invokeExact(errno, from, to));
  }

  /** Opens a file for reading and writing, closed on exec. */
  static int open(String path) throws PosixException {
    return Libc.check(
        "open",
        (arena, errno) ->
            (int) Calls.OPEN.invokeExact(errno, arena.allocateFrom(path), O_RDWR | O_CLOEXEC));
  }

  /**
   * Moves a fresh descriptor away from 0, 1 and 2, which it gets in a process that was started
   * without them.
   */
  static int aboveStandard(int descriptor) throws PosixException {
    if (descriptor >= AFTER_STANDARD) {
      return descriptor;
    }
    try {
      return duplicate(descriptor);
    } finally {
      close(descriptor);
    }
  }
}
