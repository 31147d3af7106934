package io.nbd4j.net.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The signal state a spawned child starts with: SIGPIPE with its default action, nothing blocked.
 *
 * <p>Other ignored signals stay ignored, so that {@code nohup} reaches the child. The virtual
 * machine blocks SIGQUIT in its threads, hence the mask.
 */
final class SpawnAttributes implements AutoCloseable {

  private static final int SIGPIPE = 13;
  private static final short POSIX_SPAWN_SETSIGDEF = 4;
  private static final short POSIX_SPAWN_SETSIGMASK = 8;

  /** More than the structure has in any C library of Linux (336 in glibc and musl). */
  private static final long BYTES = 512;

  private static final long SIGNAL_SET_BYTES = 128;

  private final MemorySegment errno;
  private final MemorySegment attributes;

  private static final class Calls {
    static final MethodHandle INIT = Libc.function("posix_spawnattr_init", JAVA_INT, ADDRESS);
    static final MethodHandle DESTROY = Libc.function("posix_spawnattr_destroy", JAVA_INT, ADDRESS);
    static final MethodHandle SET_FLAGS =
        Libc.function("posix_spawnattr_setflags", JAVA_INT, ADDRESS, JAVA_SHORT);
    static final MethodHandle SET_DEFAULT =
        Libc.function("posix_spawnattr_setsigdefault", JAVA_INT, ADDRESS, ADDRESS);
    static final MethodHandle SET_MASK =
        Libc.function("posix_spawnattr_setsigmask", JAVA_INT, ADDRESS, ADDRESS);
    static final MethodHandle EMPTY_SET = Libc.function("sigemptyset", JAVA_INT, ADDRESS);
    static final MethodHandle ADD_TO_SET = Libc.function("sigaddset", JAVA_INT, ADDRESS, JAVA_INT);
  }

  SpawnAttributes(Arena arena) throws PosixException {
    errno = Libc.errnoState(arena);
    attributes = arena.allocate(BYTES, Long.BYTES);
    MemorySegment signals = arena.allocate(SIGNAL_SET_BYTES, Long.BYTES);
    try {
      check((int) Calls.INIT.invokeExact(errno, attributes));
      check((int) Calls.EMPTY_SET.invokeExact(errno, signals));
      check((int) Calls.SET_MASK.invokeExact(errno, attributes, signals));
      check((int) Calls.ADD_TO_SET.invokeExact(errno, signals, SIGPIPE));
      check((int) Calls.SET_DEFAULT.invokeExact(errno, attributes, signals));
      short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
      check((int) Calls.SET_FLAGS.invokeExact(errno, attributes, flags));
    } catch (Throwable failure) {
      throw Libc.rethrow(failure);
    }
  }

  MemorySegment segment() {
    return attributes;
  }

  /** Never fails: by now a child may be running that the caller has to hear of. */
  @Override
  public void close() {
    try {
      int _ = (int) Calls.DESTROY.invokeExact(errno, attributes);
    } catch (Throwable failure) {
      throw new AssertionError(failure);
    }
  }

  private static void check(int error) throws PosixException {
    if (error != 0) {
      throw new PosixException("posix_spawnattr", error);
    }
  }
}
