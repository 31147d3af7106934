package io.nbd4j.net.posix;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/**
 * How the C library is called: every call has the segment that receives {@code errno} as its first
 * argument.
 *
 * <p>Classes keep their method handles in a nested holder, so that nothing is linked before the
 * first call.
 */
@SuppressWarnings("restricted")
final class Libc {

  private static final boolean LINUX = "Linux".equals(System.getProperty("os.name"));
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");
  private static final VarHandle ERRNO = STATE.varHandle(PathElement.groupElement("errno"));

  private Libc() {}

  /** A call that answers -1 when it failed. */
  @FunctionalInterface
  interface Call {
    int invoke(Arena arena, MemorySegment errno) throws Throwable;
  }

  /** Makes a call, again when a signal interrupts it, and turns its failure into an exception. */
  static int check(String name, Call call) throws PosixException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = errnoState(arena);
      while (true) {
        int result = call.invoke(arena, state);
        if (result >= 0) {
          return result;
        }
        int errno = errno(state);
        if (errno != PosixException.EINTR) {
          throw new PosixException(name, errno);
        }
      }
    } catch (Throwable failure) {
      throw rethrow(failure);
    }
  }

  static MemorySegment errnoState(Arena arena) {
    return arena.allocate(STATE);
  }

  static int errno(MemorySegment state) {
    return (int) ERRNO.get(state, 0L);
  }

  /** Narrows what {@link MethodHandle#invokeExact} may throw to what it does throw. */
  static PosixException rethrow(Throwable failure) {
    return switch (failure) {
      case PosixException expected -> expected;
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      default -> throw new AssertionError(failure);
    };
  }

  /**
   * Links a function; one that this system lacks becomes a handle that says so when it is called.
   */
  static MethodHandle function(String name, MemoryLayout result, MemoryLayout... parameters) {
    return link(name, FunctionDescriptor.of(result, parameters), CAPTURE_ERRNO);
  }

  /** Links a function whose parameters from number {@code fixed} on are variadic. */
  static MethodHandle variadic(
      String name, int fixed, MemoryLayout result, MemoryLayout... parameters) {
    return link(
        name,
        FunctionDescriptor.of(result, parameters),
        CAPTURE_ERRNO,
        Linker.Option.firstVariadicArg(fixed));
  }

  private static MethodHandle link(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    return symbol(name)
        .map(address -> Linker.nativeLinker().downcallHandle(address, descriptor, options))
        .orElseGet(() -> unavailable(name, descriptor.toMethodType()));
  }

  static Optional<MemorySegment> symbol(String name) {
    return LINUX ? Linker.nativeLinker().defaultLookup().find(name) : Optional.empty();
  }

  static String strerror(int errno) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = (MemorySegment) ErrorText.STRERROR.invokeExact(errnoState(arena), errno);
      return text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable unavailable) {
      return "error " + errno;
    }
  }

  /** Stands in for a function: throws when it is called, not when it is linked. */
  static MethodHandle unavailable(String name, MethodType type) {
    try {
      MethodHandle missing =
          MethodHandles.lookup()
              .findStatic(
                  PosixException.class,
                  "unsupported",
                  MethodType.methodType(PosixException.class, String.class))
              .bindTo(name);
      MethodHandle thrower =
          MethodHandles.collectArguments(
              MethodHandles.throwException(type.returnType(), PosixException.class), 0, missing);
      return MethodHandles.dropArguments(
          thrower, 0, type.insertParameterTypes(0, MemorySegment.class).parameterList());
    } catch (ReflectiveOperationException impossible) {
      throw new LinkageError(name, impossible);
    }
  }

  private static final class ErrorText {
    static final MethodHandle STRERROR =
        function("strerror", ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  }
}
