package io.nbd4j.net.spawn;

/**
 * How a process ended.
 *
 * @param code the exit status, 0 to 255, of a process that exited; 0 for one that was killed; -1 if
 *     the system has thrown the status away, as it does where SIGCHLD is ignored
 * @param signal the number of the signal that killed the process, 0 for one that exited
 */
public record ExitStatus(int code, int signal) {

  /** The process has ended, and nobody knows how. */
  static final ExitStatus UNKNOWN = new ExitStatus(-1, 0);

  private static final int SIGNAL_MASK = 0x7f;
  private static final int CODE_MASK = 0xff;

  /** Decodes what {@code waitpid} reported about a process that ended. */
  static ExitStatus ofWaitStatus(int status) {
    int signal = status & SIGNAL_MASK;
    return signal == 0
        ? new ExitStatus(status >> Byte.SIZE & CODE_MASK, 0)
        : new ExitStatus(0, signal);
  }

  /**
   * Returns the text for messages.
   *
   * @return {@code exit status 127} or {@code killed by signal 15}
   */
  @Override
  public String toString() {
    if (signal != 0) {
      return "killed by signal " + signal;
    }
    return code < 0 ? "exit status unknown" : "exit status " + code;
  }
}
