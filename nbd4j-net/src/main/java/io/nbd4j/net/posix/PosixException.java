package io.nbd4j.net.posix;

import java.io.IOException;

/** A system call that failed, with the error number it left. */
public final class PosixException extends IOException {

  /** No such file or directory. */
  public static final int ENOENT = 2;

  /** No such process. */
  public static final int ESRCH = 3;

  /** Interrupted system call. */
  public static final int EINTR = 4;

  /** Exec format error. */
  public static final int ENOEXEC = 8;

  /** No child processes. */
  public static final int ECHILD = 10;

  /** Permission denied. */
  public static final int EACCES = 13;

  /** Invalid argument. */
  public static final int EINVAL = 22;

  /** File name too long. */
  public static final int ENAMETOOLONG = 36;

  /** Function not implemented. */
  public static final int ENOSYS = 38;

  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * Describes a failure as {@code <call>: <the system's text for the error number>}.
   *
   * @param call the name of the system call, or of the program that could not be started
   * @param errno Linux's error number, positive
   */
  public PosixException(String call, int errno) {
    super(call + ": " + Libc.strerror(errno));
    this.errno = errno;
  }

  private PosixException(int errno, String message) {
    super(message);
    this.errno = errno;
  }

  /** A call that this system does not have. */
  static PosixException unsupported(String call) {
    return new PosixException(
        ENOSYS, "subprocess connections need Linux: this system has no " + call);
  }

  /**
   * Returns the error number of the failed call.
   *
   * @return Linux's error number, positive
   */
  public int errno() {
    return errno;
  }
}
