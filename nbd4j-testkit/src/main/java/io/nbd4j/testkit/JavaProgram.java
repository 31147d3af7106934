package io.nbd4j.testkit;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines that run a class of this very class path in a Java of its own. */
public final class JavaProgram {

  private JavaProgram() {}

  /** The command line of a program that starts quickly. */
  public static List<String> command(Class<?> main, String... arguments) {
    return command(List.of("-XX:TieredStopAtLevel=1"), main, arguments);
  }

  /** The command line with options for the virtual machine. */
  public static List<String> command(List<String> options, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-XX:+UseSerialGC");
    command.addAll(options);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return command;
  }
}
