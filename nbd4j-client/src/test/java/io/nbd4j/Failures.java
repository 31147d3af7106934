package io.nbd4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import org.junit.jupiter.api.function.Executable;

/** Expected failures of calls. */
final class Failures {

  private Failures() {}

  /** The call fails with exactly this text, and the error number at its end. */
  static NbdException fails(int errno, String text, Executable call) {
    NbdException failure = assertThrows(NbdException.class, call);
    assertEquals(errno == 0 ? text : text + ": " + Errno.text(errno), failure.text());
    assertEquals(errno, failure.errno());
    return failure;
  }

  /** The call fails with this error number, whatever it says. */
  static NbdException fails(int errno, Executable call) {
    NbdException failure = assertThrows(NbdException.class, call);
    assertEquals(Errno.name(errno), Errno.name(failure.errno()), failure.getMessage());
    assertTrue(failure.text().startsWith("nbd_"), failure.text());
    return failure;
  }

  /** The call fails with this error number and a text that begins like this. */
  static NbdException failsLike(int errno, String beginning, Executable call) {
    NbdException failure = assertThrows(NbdException.class, call);
    assertEquals(errno, failure.errno(), failure.getMessage());
    assertTrue(failure.text().startsWith(beginning), failure.text());
    return failure;
  }
}
