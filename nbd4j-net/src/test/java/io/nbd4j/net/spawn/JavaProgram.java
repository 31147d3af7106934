package io.nbd4j.net.spawn;

import java.util.List;
import java.util.stream.Stream;

/** How tests run a class of theirs in a virtual machine of its own. */
public final class JavaProgram {

  private JavaProgram() {}

  public static List<String> commandLine(Class<?> main, String... args) {
    return Stream.concat(
            Stream.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()),
            Stream.of(args))
        .toList();
  }
}
