package io.nbd4j.testkit;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.ChunkCallback;
import io.nbd4j.model.CommandFlags;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.ExtentCallback;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The commands of a handle, each done when the call returns. */
sealed interface Disk {

  NbdHandle handle();

  void pread(ByteBuffer buffer, long offset) throws IOException;

  void preadStructured(ByteBuffer buffer, long offset, ChunkCallback chunk) throws IOException;

  void pwrite(ByteBuffer buffer, long offset, CommandFlags flags) throws IOException;

  void flush() throws IOException;

  void trim(long count, long offset, CommandFlags flags) throws IOException;

  void zero(long count, long offset, CommandFlags flags) throws IOException;

  void cache(long count, long offset) throws IOException;

  void blockStatus(long count, long offset, ExtentCallback extent) throws IOException;

  /** Ends the connection in order. */
  void disconnect() throws IOException;

  /** By the blocking calls. */
  record Blocking(NbdHandle handle) implements Disk {
    @Override
    public void pread(ByteBuffer buffer, long offset) throws IOException {
      handle.pread(buffer, offset);
    }

    @Override
    public void preadStructured(ByteBuffer buffer, long offset, ChunkCallback chunk)
        throws IOException {
      handle.preadStructured(buffer, offset, chunk);
    }

    @Override
    public void pwrite(ByteBuffer buffer, long offset, CommandFlags flags) throws IOException {
      handle.pwrite(buffer, offset, flags);
    }

    @Override
    public void flush() throws IOException {
      handle.flush();
    }

    @Override
    public void trim(long count, long offset, CommandFlags flags) throws IOException {
      handle.trim(count, offset, flags);
    }

    @Override
    public void zero(long count, long offset, CommandFlags flags) throws IOException {
      handle.zero(count, offset, flags);
    }

    @Override
    public void cache(long count, long offset) throws IOException {
      handle.cache(count, offset);
    }

    @Override
    public void blockStatus(long count, long offset, ExtentCallback extent) throws IOException {
      handle.blockStatus(count, offset, extent);
    }

    @Override
    public void disconnect() throws IOException {
      handle.shutdown();
    }
  }

  /** By the asynchronous calls and an event loop. */
  record Asynchronous(NbdHandle handle, EventLoop loop) implements Disk {

    /** Starts a command. */
    @FunctionalInterface
    private interface Start {
      long with(CompletionCallback completion) throws IOException;
    }

    /** A kept command tells its error by {@code aioCommandCompleted}. */
    private void run(Start start) throws IOException {
      int[] calls = new int[1];
      long cookie =
          start.with(error -> {
            calls[0]++;
            return false;
          });
      loop.until(handle, "command " + cookie, () -> handle.aioCommandCompleted(cookie));
      if (calls[0] != 1) {
        throw new AssertionError("the completion callback ran " + calls[0] + " times");
      }
    }

    @Override
    public void pread(ByteBuffer buffer, long offset) throws IOException {
      run(completion -> handle.aioPread(buffer, offset, completion));
    }

    @Override
    public void preadStructured(ByteBuffer buffer, long offset, ChunkCallback chunk)
        throws IOException {
      run(completion -> handle.aioPreadStructured(buffer, offset, chunk, completion));
    }

    @Override
    public void pwrite(ByteBuffer buffer, long offset, CommandFlags flags) throws IOException {
      run(completion -> handle.aioPwrite(buffer, offset, completion, flags));
    }

    @Override
    public void flush() throws IOException {
      run(handle::aioFlush);
    }

    @Override
    public void trim(long count, long offset, CommandFlags flags) throws IOException {
      run(completion -> handle.aioTrim(count, offset, completion, flags));
    }

    @Override
    public void zero(long count, long offset, CommandFlags flags) throws IOException {
      run(completion -> handle.aioZero(count, offset, completion, flags));
    }

    @Override
    public void cache(long count, long offset) throws IOException {
      run(completion -> handle.aioCache(count, offset, completion));
    }

    @Override
    public void blockStatus(long count, long offset, ExtentCallback extent) throws IOException {
      run(completion -> handle.aioBlockStatus(count, offset, extent, completion));
    }

    @Override
    public void disconnect() throws IOException {
      handle.aioDisconnect();
      loop.until(handle, "the end", () -> handle.aioIsClosed() || handle.aioIsDead());
    }
  }
}
