package io.nbd4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Export;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** In the steady state a command costs no allocation. */
final class AllocationTest {

  private static final int WARM_UP = 5_000;
  private static final int COMMANDS = 20_000;
  private static final int LENGTH = 512;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Some calls of a handle. */
  @FunctionalInterface
  private interface Calls {
    void make(int count) throws NbdException;
  }

  private static double bytesPerCommand(Calls calls) throws NbdException {
    calls.make(WARM_UP);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    calls.make(COMMANDS);
    return (THREADS.getCurrentThreadAllocatedBytes() - before) / (double) COMMANDS;
  }

  private static Export export(boolean extended) {
    return extended ? Export.of(1 << 20).extended() : Export.of(1 << 20);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void blockingReadsAllocateNothing(boolean extended) throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(export(extended));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer buffer = ByteBuffer.allocateDirect(LENGTH);
      double bytes =
          bytesPerCommand(count -> {
            for (int i = 0; i < count; i++) {
              handle.pread(buffer.clear(), i);
            }
          });
      assertEquals(Export.content(COMMANDS - 1L), buffer.get(0));
      assertTrue(bytes < 1, () -> bytes + " bytes a command");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void blockingWritesAllocateNothing(boolean extended) throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(export(extended));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer buffer = ByteBuffer.allocateDirect(LENGTH);
      double bytes =
          bytesPerCommand(count -> {
            for (int i = 0; i < count; i++) {
              handle.pwrite(buffer.clear(), i);
            }
          });
      assertTrue(bytes < 1, () -> bytes + " bytes a command");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 64})
  void asynchronousReadsAllocateNothing(int depth) throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(export(false));
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      ByteBuffer[] buffers = new ByteBuffer[depth];
      for (int i = 0; i < depth; i++) {
        buffers[i] = ByteBuffer.allocateDirect(LENGTH);
      }
      int[] completed = new int[1];
      CompletionCallback retire =
          error -> {
            completed[0]++;
            return error == 0;
          };
      double bytes =
          bytesPerCommand(count -> {
            completed[0] = 0;
            for (int issued = 0; issued < count; issued += depth) {
              for (ByteBuffer buffer : buffers) {
                handle.aioPread(buffer.clear(), issued, retire);
              }
              while (completed[0] < issued + depth) {
                handle.poll(-1);
              }
            }
          });
      assertEquals(0, handle.aioInFlight());
      assertTrue(bytes < 1, () -> bytes + " bytes a command");
    }
  }
}
