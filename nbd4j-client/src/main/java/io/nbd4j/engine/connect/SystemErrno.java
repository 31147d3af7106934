package io.nbd4j.engine.connect;

import io.nbd4j.model.Errno;
import io.nbd4j.net.posix.PosixException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * The error number behind an exception of Java's. NIO puts the system's own text into its messages
 * and drops the number.
 */
public final class SystemErrno {

  private static final Map<String, Integer> BY_TEXT = new HashMap<>();

  static {
    for (int errno = 1; errno < 134; errno++) {
      BY_TEXT.putIfAbsent(Errno.text(errno), errno);
    }
    // Java's own words.
    BY_TEXT.put("Connection reset", Errno.ECONNRESET);
    BY_TEXT.put("Connection timed out: connect", Errno.ETIMEDOUT);
    BY_TEXT.put("Unix domain path too long", Errno.ENAMETOOLONG);
  }

  private SystemErrno() {}

  /** The error number, or {@link Errno#EIO} if the message tells none. */
  public static int of(IOException exception) {
    if (exception instanceof PosixException posix) {
      return posix.errno();
    }
    String message = exception.getMessage();
    return message == null ? Errno.EIO : BY_TEXT.getOrDefault(message, Errno.EIO);
  }

  /** What the exception says beyond its error number, with a colon in front, or nothing. */
  public static String detail(IOException exception) {
    String message = exception.getMessage();
    return message == null || BY_TEXT.containsKey(message) ? "" : ": " + message;
  }
}
