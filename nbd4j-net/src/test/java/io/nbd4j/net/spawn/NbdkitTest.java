package io.nbd4j.net.spawn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.nbd4j.net.posix.PosixException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A real server, started both ways. */
class NbdkitTest {

  /** No more than the 15 characters that Linux keeps of a thread's name. */
  private static final String ASKER = "short-lived";

  private static final long NBDMAGIC = 0x4e42444d41474943L;
  private static final long IHAVEOPT = 0x49484156454f5054L;
  private static final int NBD_OPT_ABORT = 2;
  private static final int NBD_REP_ACK = 1;
  private static final long REPLY_MAGIC = 0x3e889045565a9L;

  @BeforeEach
  void nbdkitIsInstalled() {
    try {
      SearchPath.find("nbdkit");
    } catch (PosixException missing) {
      if ("1".equals(System.getenv("NBD4J_REQUIRE_PEERS"))) {
        fail("NBD4J_REQUIRE_PEERS is set", missing);
      }
      abort("needs nbdkit: " + missing.getMessage());
    }
  }

  @Test
  void commandOutlivesTheThreadThatAskedForIt() throws Exception {
    FutureTask<RunningCommand> task =
        new FutureTask<>(() ->
            RunningCommand.start(List.of("nbdkit", "--exit-with-parent", "-s", "memory", "1M")));
    Thread asker = Thread.ofPlatform().name(ASKER).start(task);
    try (RunningCommand nbdkit = task.get()) {
      greeting(nbdkit.channel());
      awaitNativeEnd(asker);
      abortHandshake(nbdkit.channel());
      assertEquals(new ExitStatus(0, 0), Children.await(nbdkit.process()));
    }
  }

  @Test
  void activatedServerOutlivesTheThreadThatAskedForIt() throws Exception {
    FutureTask<RunningServer> task =
        new FutureTask<>(() ->
            RunningServer.start(List.of("nbdkit", "--exit-with-parent", "-f", "memory", "1M"), ""));
    Thread asker = Thread.ofPlatform().name(ASKER).start(task);
    try (RunningServer nbdkit = task.get()) {
      // An answer shows that it has asked for the signal; a second, that it has not got it.
      converse(nbdkit);
      awaitNativeEnd(asker);
      converse(nbdkit);
      nbdkit.process().kill(15);
      assertEquals(new ExitStatus(0, 0), Children.await(nbdkit.process()));
    }
  }

  private static void converse(RunningServer server) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(server.socket()))) {
      greeting(channel);
      abortHandshake(channel);
    }
  }

  private static void greeting(SocketChannel channel) throws IOException {
    DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
    assertEquals(NBDMAGIC, in.readLong());
    assertEquals(IHAVEOPT, in.readLong());
    assertTrue((in.readUnsignedShort() & 1) != 0, "fixed newstyle");
  }

  private static void abortHandshake(SocketChannel channel) throws IOException {
    DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));
    out.writeInt(1);
    out.writeLong(IHAVEOPT);
    out.writeInt(NBD_OPT_ABORT);
    out.writeInt(0);
    DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
    assertEquals(REPLY_MAGIC, in.readLong());
    assertEquals(NBD_OPT_ABORT, in.readInt());
    assertEquals(NBD_REP_ACK, in.readInt());
  }

  /** Java's end of a thread comes before the system's, at which its children are signalled. */
  private static void awaitNativeEnd(Thread thread) throws IOException, InterruptedException {
    thread.join();
    while (hasNativeThread(ASKER)) {
      Thread.onSpinWait();
    }
  }

  private static boolean hasNativeThread(String name) throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      for (Path task : tasks.toList()) {
        try {
          if (Files.readString(task.resolve("comm")).strip().equals(name)) {
            return true;
          }
        } catch (IOException ended) {
          // It was another thread's, or ours that has just gone: the next look will tell.
        }
      }
    }
    return false;
  }
}
