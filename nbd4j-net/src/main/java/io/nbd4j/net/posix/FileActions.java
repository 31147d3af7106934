package io.nbd4j.net.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a spawned child does to its descriptors, in order, before it becomes the program. */
final class FileActions implements AutoCloseable {

  /** Whether the C library can close every descriptor from a number on; glibc 2.34 and later. */
  static final boolean CAN_CLOSE_FROM =
      Libc.symbol("posix_spawn_file_actions_addclosefrom_np").isPresent();

  /** More than the structure has in any C library of Linux (80 in glibc and musl). */
  private static final long BYTES = 256;

  private final MemorySegment errno;
  private final MemorySegment actions;

  private static final class Calls {
    static final MethodHandle INIT =
        Libc.function("posix_spawn_file_actions_init", JAVA_INT, ADDRESS);
    static final MethodHandle DESTROY =
        Libc.function("posix_spawn_file_actions_destroy", JAVA_INT, ADDRESS);
    static final MethodHandle ADD_DUP2 =
        Libc.function("posix_spawn_file_actions_adddup2", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    static final MethodHandle ADD_CLOSE =
        Libc.function("posix_spawn_file_actions_addclose", JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle ADD_CLOSE_FROM =
        Libc.function("posix_spawn_file_actions_addclosefrom_np", JAVA_INT, ADDRESS, JAVA_INT);
  }

  FileActions(Arena arena) throws PosixException {
    errno = Libc.errnoState(arena);
    actions = arena.allocate(BYTES, Long.BYTES);
    try {
      check((int) Calls.INIT.invokeExact(errno, actions));
    } catch (Throwable failure) {
      throw Libc.rethrow(failure);
    }
  }

  MemorySegment segment() {
    return actions;
  }

  /** Copies {@code from} to {@code to}, which the program inherits even if they are the same. */
  void duplicate(int from, int to, int end) throws PosixException {
    if (from < end && from != to) {
      throw new IllegalArgumentException(
          "descriptor " + from + " would be overwritten before it is copied to " + to);
    }
    try {
      check((int) Calls.ADD_DUP2.invokeExact(errno, actions, from, to));
    } catch (Throwable failure) {
      throw Libc.rethrow(failure);
    }
  }

  /**
   * Closes every descriptor from {@code first} on. Without help of the C library these are the ones
   * open now: one that another thread opens before the child starts, and not closed on exec, stays.
   */
  void closeFrom(int first, boolean canCloseFrom) throws PosixException {
    try {
      if (canCloseFrom) {
        check((int) Calls.ADD_CLOSE_FROM.invokeExact(errno, actions, first));
        return;
      }
      try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
        for (Path entry : open) {
          int descriptor = Integer.parseInt(entry.getFileName().toString());
          if (descriptor >= first) {
            check((int) Calls.ADD_CLOSE.invokeExact(errno, actions, descriptor));
          }
        }
      }
    } catch (Throwable failure) {
      throw Libc.rethrow(failure);
    }
  }

  /** Never fails: by now a child may be running that the caller has to hear of. */
  @Override
  public void close() {
    try {
      int _ = (int) Calls.DESTROY.invokeExact(errno, actions);
    } catch (Throwable failure) {
      throw new AssertionError(failure);
    }
  }

  private static void check(int error) throws PosixException {
    if (error != 0) {
      throw new PosixException("posix_spawn_file_actions", error);
    }
  }
}
