package io.nbd4j.tools.cli;

/** Prints the versions of {@code nbd}, the program that all tools are sub-commands of. */
public final class Version {
  private Version() {}

  /** Takes no notice of its arguments. */
  public static void main(String[] arguments) {
    Streams streams = Streams.standard();
    streams.out().print(Runner.versions("nbd"));
    streams.out().flush();
  }
}
