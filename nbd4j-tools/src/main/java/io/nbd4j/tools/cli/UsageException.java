package io.nbd4j.tools.cli;

/** A command line that makes no sense. */
public final class UsageException extends Exception {
  private static final long serialVersionUID = 1L;

  private final boolean withUsage;

  private UsageException(String message, boolean withUsage) {
    super(message);
    this.withUsage = withUsage;
  }

  /** Words that do not fit: the usage text will follow the message. */
  public static UsageException malformed(String message) {
    return new UsageException(message, true);
  }

  /** Understood, but not possible: the message says it all. */
  public static UsageException refused(String message) {
    return new UsageException(message, false);
  }

  boolean withUsage() {
    return withUsage;
  }
}
