package io.nbd4j.tools.cli;

/** The exit codes of the tools. */
public final class ExitCode {
  /** It worked. */
  public static final int SUCCESS = 0;

  /** Anything that went wrong, bad usage included. */
  public static final int FAILURE = 1;

  private ExitCode() {}
}
