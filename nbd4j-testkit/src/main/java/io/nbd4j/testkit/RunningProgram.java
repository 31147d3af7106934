package io.nbd4j.testkit;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program in the background, ended by its process id. Should the test die before, the program
 * ends by itself after a while.
 */
public final class RunningProgram implements AutoCloseable {

  private static final String LONGEST_LIFE = "180";
  private static final long GRACE_SECONDS = 10;

  private final List<String> argv;
  private final Process supervisor;
  private final Path output;

  private RunningProgram(List<String> argv, Process supervisor, Path output) {
    this.argv = argv;
    this.supervisor = supervisor;
    this.output = output;
  }

  /** Starts a program, with what it prints in a file of the directory. */
  public static RunningProgram start(List<String> argv, PrivateDirectory directory)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("timeout", "--kill-after=5", LONGEST_LIFE));
    command.addAll(argv);
    Path output = directory.file("output");
    Process supervisor =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    return new RunningProgram(argv, supervisor, output);
  }

  public boolean alive() {
    return supervisor.isAlive();
  }

  /** The program itself, which may have processes of its own. */
  public ProcessHandle process() throws Exception {
    Deadline.await(
        () -> "the start of " + this,
        () -> !alive() || supervisor.children().findAny().isPresent());
    return supervisor
        .children()
        .findFirst()
        .orElseThrow(() -> new AssertionError("ended at once: " + this));
  }

  /** Ends the program, by force if it must be, and waits for that. */
  @Override
  public void close() throws IOException {
    List<ProcessHandle> processes = supervisor.descendants().toList();
    supervisor.destroy();
    boolean ended = false;
    try {
      ended = supervisor.waitFor(GRACE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      processes.forEach(ProcessHandle::destroyForcibly);
      supervisor.destroyForcibly();
    }
    if (!ended) {
      throw new IOException("does not end: " + this);
    }
  }

  @Override
  public String toString() {
    String printed;
    try {
      printed = Files.readString(output, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      printed = e.toString();
    }
    return String.join(" ", argv) + (printed.isEmpty() ? "" : "\n" + printed);
  }
}
