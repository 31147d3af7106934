package io.nbd4j.model;

/**
 * Called once when an asynchronous command has ended, if and only if the call that queued it
 * succeeded; it may run before that call returns. {@code nbd_completion_callback}.
 *
 * <p>It runs with no lock held, on the thread that drove the connection, and may call the handle.
 */
@FunctionalInterface
public interface CompletionCallback {

  /**
   * Takes note of the end of a command.
   *
   * @param error 0, or the error number that the command failed with; the content of a read's
   *     buffer is then undefined
   * @return true to retire the command now, false to keep its result for {@code
   *     aioCommandCompleted}
   * @throws NbdException to replace the command's error by the exception's error number, if that is
   *     not 0; the command is then kept
   */
  boolean completed(int error) throws NbdException;
}
