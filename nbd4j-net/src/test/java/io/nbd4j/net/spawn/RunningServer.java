package io.nbd4j.net.spawn;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A socket-activated server for the length of a test. */
public record RunningServer(SpawnedServer spawned) implements AutoCloseable {

  public static RunningServer start(List<String> argv, String socketName) throws IOException {
    return new RunningServer(Spawner.socketActivation(argv, socketName));
  }

  public Path socket() {
    return spawned.socket();
  }

  public Subprocess process() {
    return spawned.process();
  }

  @Override
  public void close() throws IOException {
    Children.end(process());
    spawned.cleanup();
  }
}
