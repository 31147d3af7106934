package io.nbd4j.engine.session;

import io.nbd4j.model.NbdException.Kind;
import org.jspecify.annotations.Nullable;

/**
 * A failure on its way up, before the public call that it ends has put its name and place to it.
 *
 * <p>It carries no stack trace: the exception that the caller sees is made, with one, in the call.
 */
public final class Failure extends Exception {

  private static final long serialVersionUID = 1L;

  private final Kind kind;
  private final int errno;
  private final String text;

  public Failure(Kind kind, int errno, String text) {
    this(kind, errno, text, null);
  }

  public Failure(Kind kind, int errno, String text, @Nullable Throwable cause) {
    super(text, cause, false, false);
    this.kind = kind;
    this.errno = errno;
    this.text = text;
  }

  /** A wrong call or argument. */
  public static Failure usage(int errno, String text) {
    return new Failure(Kind.USAGE, errno, text);
  }

  /** A peer that breaks the protocol; the connection can't go on. */
  public static Failure protocol(int errno, String text) {
    return new Failure(Kind.PROTOCOL, errno, text);
  }

  /** An answer of the server that says no. */
  public static Failure server(int errno, String text) {
    return new Failure(Kind.SERVER, errno, text);
  }

  public Kind kind() {
    return kind;
  }

  public int errno() {
    return errno;
  }

  /** The message without the call's name and without the error number's text. */
  public String text() {
    return text;
  }
}
