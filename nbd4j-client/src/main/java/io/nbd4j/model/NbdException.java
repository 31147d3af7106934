package io.nbd4j.model;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A call on a handle that failed: which call, why, and where.
 *
 * <p>{@link #text()} is libnbd's own message; {@link #getMessage()} adds the endpoint, the export
 * and the phase where they are known. Takes the place of {@code nbd_get_error} and {@code
 * nbd_get_errno}.
 */
public final class NbdException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Whose fault the failure is. */
  public enum Kind {
    /** The call or its arguments were wrong; nothing was sent. */
    USAGE,
    /** The connection, or the process behind it, failed. */
    TRANSPORT,
    /** The peer broke the protocol. */
    PROTOCOL,
    /** The server answered with an error. */
    SERVER
  }

  private final @Nullable ApiCall call;
  private final int errno;
  private final Kind kind;
  private final String text;
  private final String endpoint;
  private final @Nullable String export;
  private final String phase;
  private final @Nullable String serverText;

  /**
   * An exception for a callback to throw: the command fails with the error number.
   *
   * @param errno an error number, see {@link Errno}
   * @param message what went wrong
   */
  public NbdException(int errno, String message) {
    this(null, errno, Kind.USAGE, message, "", null, "", null, null);
  }

  /**
   * An exception with all its parts.
   *
   * @param call the call that failed, or null if it was none
   * @param errno an error number, 0 if there is none
   * @param kind whose fault it is
   * @param message what went wrong, without the call's name and the error number's text
   * @param endpoint the address or command that the handle is connected to, empty if unknown
   * @param export the export's name, or null if it does not matter here
   * @param phase the state of the connection when it failed, empty if unknown
   * @param serverText what the server itself said of a failed command, or null
   * @param cause the exception underneath, or null
   */
  public NbdException(
      @Nullable ApiCall call,
      int errno,
      Kind kind,
      String message,
      String endpoint,
      @Nullable String export,
      String phase,
      @Nullable String serverText,
      @Nullable Throwable cause) {
    super(message, cause);
    this.call = call;
    this.errno = errno;
    this.kind = kind;
    this.text =
        (call == null ? "" : call.functionName() + ": ")
            + message
            + (errno == 0 ? "" : ": " + Errno.text(errno));
    this.endpoint = endpoint;
    this.export = export;
    this.phase = phase;
    this.serverText = serverText;
  }

  /**
   * libnbd's message: the function, what went wrong, and the error number's text.
   *
   * @return for example {@code nbd_connect_unix: connect: No such file or directory}
   */
  public String text() {
    return text;
  }

  /**
   * The message with where it happened.
   *
   * @return {@link #text()}, followed by endpoint, export and phase in brackets if known
   */
  @Override
  public String getMessage() {
    if (endpoint.isEmpty() && export == null && phase.isEmpty() && serverText == null) {
      return text;
    }
    StringBuilder message = new StringBuilder(text).append(" [");
    String separator = "";
    if (!endpoint.isEmpty()) {
      message.append(endpoint);
      separator = ", ";
    }
    if (export != null) {
      message.append(separator).append("export \"").append(export).append('"');
      separator = ", ";
    }
    if (!phase.isEmpty()) {
      message.append(separator).append("in ").append(phase);
      separator = ", ";
    }
    if (serverText != null) {
      message.append(separator).append("the server says: ").append(serverText);
    }
    return message.append(']').toString();
  }

  /**
   * The error number, {@code nbd_get_errno}.
   *
   * @return one of {@link Errno}, or 0 if there is no more to say than the text
   */
  public int errno() {
    return errno;
  }

  /**
   * Whose fault it is.
   *
   * @return the kind
   */
  public Kind kind() {
    return kind;
  }

  /**
   * The call that failed.
   *
   * @return the row of the table of calls, or null if the exception came from a callback
   */
  public @Nullable ApiCall call() {
    return call;
  }

  /**
   * The address or command that the handle is connected to.
   *
   * @return for example {@code unix:/run/nbd.sock} or {@code command: nbdkit -s memory 1M}; empty
   *     if unknown
   */
  public String endpoint() {
    return endpoint;
  }

  /**
   * The export's name.
   *
   * @return the name, or null if it does not matter for this failure
   */
  public @Nullable String export() {
    return export;
  }

  /**
   * The state of the connection when the call failed.
   *
   * @return the short name of {@code connectionState}, empty if unknown
   */
  public String phase() {
    return phase;
  }

  /**
   * What the server itself said of the failed command.
   *
   * @return the text of its error, or null if it gave none
   */
  public @Nullable String serverText() {
    return serverText;
  }
}
