package io.nbd4j.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What this process holds of the system, as Linux shows it.
 *
 * @param descriptors what each open descriptor is
 * @param children the processes that this one has started and not yet reaped, zombies included
 * @param directories the names of temporary sockets that nothing listens on
 */
public record Footprint(
    Map<Integer, String> descriptors, Map<Long, String> children, Set<Path> directories) {

  private static final String PREFIX = "nbd4j";

  /** Looks now. */
  public static Footprint now() throws IOException {
    return new Footprint(descriptorsNow(), childrenNow(), directoriesNow());
  }

  /** What has come since, or nothing: descriptors by their number, the rest by name. */
  public String grownSince(Footprint before) {
    StringBuilder grown = new StringBuilder();
    int more = descriptors.size() - before.descriptors.size();
    if (more > 0) {
      Map<Integer, String> added = new TreeMap<>(descriptors);
      added.entrySet().removeAll(before.descriptors.entrySet());
      grown.append(more).append(" descriptors more, among ").append(added).append('\n');
    }
    Map<Long, String> born = new TreeMap<>(children);
    born.keySet().removeAll(before.children.keySet());
    if (!born.isEmpty()) {
      grown.append("children: ").append(born).append('\n');
    }
    Set<Path> made = new TreeSet<>(directories);
    made.removeAll(before.directories);
    if (!made.isEmpty()) {
      grown.append("directories: ").append(made).append('\n');
    }
    return grown.toString();
  }

  /** Waits until nothing is left of what has come since; what else runs may come and go. */
  public void awaitAgain() throws Exception {
    Deadline.await(
        () -> {
          try {
            return "nothing left: " + now().grownSince(this);
          } catch (IOException e) {
            return e.toString();
          }
        },
        () -> now().grownSince(this).isEmpty());
  }

  private static Map<Integer, String> descriptorsNow() throws IOException {
    Map<Integer, String> found = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path entry : entries) {
        String target;
        try {
          target = Files.readSymbolicLink(entry).toString();
        } catch (IOException closed) {
          // The descriptor of this very look, or one that another thread has just closed.
          continue;
        }
        if (!target.endsWith("/fd")) {
          found.put(Integer.valueOf(entry.getFileName().toString()), target);
        }
      }
    }
    return found;
  }

  private static Map<Long, String> childrenNow() throws IOException {
    String self = Long.toString(ProcessHandle.current().pid());
    Map<Long, String> found = new TreeMap<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        String stat;
        try {
          stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
        } catch (IOException gone) {
          continue;
        }
        // pid (program) state parent ...; the program's name may hold anything.
        int name = stat.lastIndexOf(')');
        String[] fields = stat.substring(name + 2).split(" ", 3);
        if (fields[1].equals(self)) {
          found.put(
              Long.valueOf(process.getFileName().toString()),
              stat.substring(stat.indexOf('('), name + 1) + " " + fields[0]);
        }
      }
    }
    return found;
  }

  /** A directory whose socket has a listener belongs to a connection, of ours or of others. */
  private static Set<Path> directoriesNow() throws IOException {
    Set<Path> found = new TreeSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/tmp"), PREFIX + "*")) {
      for (Path entry : entries) {
        found.add(entry);
      }
    }
    String sockets = Files.readString(Path.of("/proc/net/unix"), StandardCharsets.ISO_8859_1);
    found.removeIf(directory -> sockets.contains(directory + "/"));
    return found;
  }
}
