package io.nbd4j.net.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

class LibcTest {

  @Test
  void missingFunctionSaysSoWhenItIsCalled() {
    MethodHandle function =
        Libc.function("nosuch_nbd4j", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Libc.errnoState(arena);
      PosixException e =
          assertThrows(
              PosixException.class,
              () -> {
                int unreached = (int) function.invokeExact(errno, 1);
                throw new AssertionError(unreached);
              });
      assertEquals(
          "subprocess connections need Linux: this system has no nosuch_nbd4j", e.getMessage());
      assertEquals(PosixException.ENOSYS, e.errno());
    }
  }

  @Test
  void errorTextIsTheSystems() {
    assertEquals("Permission denied", Libc.strerror(PosixException.EACCES));
    assertEquals("Unknown error 9999", Libc.strerror(9999));
  }
}
