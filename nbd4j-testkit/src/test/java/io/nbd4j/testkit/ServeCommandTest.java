package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.nbd4j.NbdHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our server as users start it: {@code bin/nbd serve}. It may have to be built first. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ServeCommandTest {

  private static final int SIZE = 4 << 20;
  private static final long SEED = 99;
  private static final String NBD = Checkout.file("bin/nbd").toString();

  private static void workOut(Disk disk, Model model) throws IOException {
    new Workout(disk, model, "seed " + SEED).run();
    disk.disconnect();
  }

  @Test
  void standardInputAndOutput() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectCommand(List.of(NBD, "serve", "--stdio", "--memory", "4M"));
      assertEquals(SIZE, handle.getSize());
      workOut(new Disk.Blocking(handle), new Model(SIZE, SEED));
    }
  }

  @Test
  void standardInputAndOutputAsynchronously() throws Exception {
    try (NbdHandle handle = new NbdHandle();
        EventLoop loop = new EventLoop.Selecting()) {
      handle.aioConnectCommand(List.of(NBD, "serve", "--stdio", "--memory", "4M"));
      loop.until(handle, "connection", () -> !handle.aioIsConnecting());
      workOut(new Disk.Asynchronous(handle, loop), new Model(SIZE, SEED));
    }
  }

  @Test
  void socketActivation() throws Exception {
    try (NbdHandle handle = new NbdHandle()) {
      handle.connectSystemdSocketActivation(List.of(NBD, "serve", "--memory", "4M"));
      workOut(new Disk.Blocking(handle), new Model(SIZE, SEED));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void unixSocketAndFile(boolean structured) throws Exception {
    Model model = new Model(SIZE, SEED);
    try (PrivateDirectory directory = PrivateDirectory.create()) {
      Path image = Files.write(directory.file("an image"), new byte[SIZE]);
      Path socket = directory.file("socket");
      List<String> argv =
          List.of(NBD, "serve", "--unix", socket.toString(), "--file", image.toString());
      try (PeerServer server =
              new PeerServer(
                  directory,
                  new Route(Way.UNIX, argv, socket, 0, ""),
                  image,
                  RunningProgram.start(argv, directory),
                  null);
          NbdHandle handle = server.connect(made -> made.setRequestStructuredReplies(structured))) {
        workOut(new Disk.Blocking(handle), model);
        assertEquals(model.sha256(), Model.hex(Model.digest().digest(Files.readAllBytes(image))));
      }
    }
  }
}
