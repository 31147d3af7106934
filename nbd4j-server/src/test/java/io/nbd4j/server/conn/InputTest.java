package io.nbd4j.server.conn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputTest {
  private static final long SEED = 8;

  private final BufferPool pool = new BufferPool(1 << 24);

  /** Content that comes in pieces of a random length. */
  private static final class Pieces implements Link {
    private final ByteBuffer content;
    private final SplittableRandom random;
    private final int most;
    int reads;

    Pieces(byte[] content, int most) {
      this.content = ByteBuffer.wrap(content);
      this.random = new SplittableRandom(SEED);
      this.most = most;
    }

    @Override
    public long read(ByteBuffer[] targets) {
      reads++;
      if (!content.hasRemaining()) {
        return -1;
      }
      int left = Math.min(1 + random.nextInt(most), content.remaining());
      int got = 0;
      for (ByteBuffer target : targets) {
        int step = Math.min(left - got, target.remaining());
        target.put(content.slice(content.position(), step));
        content.position(content.position() + step);
        got += step;
      }
      return got;
    }

    @Override
    public void write(ByteBuffer[] sources, int count) {
      throw new AssertionError("nothing is written");
    }

    @Override
    public void endReading() {}

    @Override
    public void close() {}
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(SEED).nextBytes(bytes);
    return bytes;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000, 10_000, 1 << 20})
  void everyByteComesOnceAndInOrder(int most) throws IOException {
    byte[] content = random(3 << 20);
    Input input = new Input(new Pieces(content, most), pool);
    SplittableRandom random = new SplittableRandom(SEED);
    int at = 0;
    while (content.length - at > 200_000) {
      String message = "at " + at + ", seed " + SEED;
      switch (random.nextInt(4)) {
        case 0 -> {
          int count = 1 + random.nextInt(32);
          assertTrue(input.require(count));
          byte[] header = new byte[count];
          input.bytes().get(header);
          assertArrayEquals(Arrays.copyOfRange(content, at, at + count), header, message);
          at += count;
        }
        case 1 -> {
          byte[] payload = new byte[random.nextInt(200_000)];
          input.readFully(ByteBuffer.wrap(payload));
          assertArrayEquals(Arrays.copyOfRange(content, at, at + payload.length), payload, message);
          at += payload.length;
        }
        case 2 -> {
          int count = random.nextInt(20_000);
          input.skip(count);
          at += count;
        }
        default -> {
          int count = random.nextInt(70_000);
          input.demand(count);
          assertTrue(input.available() >= count);
          input.shrink();
        }
      }
    }
    input.skip(content.length - at);
    assertFalse(input.require(1));
    input.release();
  }

  @Test
  void anEndInTheMiddleIsNotTheEnd() throws IOException {
    Input input = new Input(new Pieces(new byte[10], 100), pool);
    assertThrows(EOFException.class, () -> input.require(11));
    Input payload = new Input(new Pieces(new byte[10], 100), pool);
    assertThrows(EOFException.class, () -> payload.readFully(ByteBuffer.allocate(11)));
    Input skipped = new Input(new Pieces(new byte[10], 100), pool);
    assertThrows(EOFException.class, () -> skipped.skip(11));
    Input empty = new Input(new Pieces(new byte[0], 100), pool);
    assertFalse(empty.require(1));
    assertThrows(EOFException.class, () -> empty.demand(1));
  }

  @Test
  void oneReadBringsManyRequests() throws IOException {
    Pieces link = new Pieces(new byte[28 * 100], 1 << 30);
    Input input = new Input(link, pool);
    for (int i = 0; i < 100; i++) {
      assertTrue(input.require(28));
      input.bytes().position(input.bytes().position() + 28);
    }
    assertTrue(link.reads < 10, link.reads + " reads");
  }

  @Test
  void aLargeBufferIsGivenBackWhenLittleComes() throws IOException {
    Input input = new Input(new Pieces(new byte[1 << 20], 28), pool);
    int small = input.bytes().capacity();
    input.grow();
    assertTrue(input.bytes().capacity() > 100_000);
    for (int i = 0; i < 200 && input.bytes().capacity() > small; i++) {
      input.skip(input.available());
      input.demand(1);
    }
    assertEquals(small, input.bytes().capacity());
  }

  @Test
  void buffersAreUsedAgainAndIdleOnesBounded() {
    ByteBuffer small = pool.take(100);
    assertTrue(small.isDirect());
    pool.give(small);
    assertEquals(small, pool.take(4096));
    for (int size : new int[] {0, 1, 4096, 5120, 5121, 1 << 20, (1 << 20) + 1024, 1 << 24}) {
      ByteBuffer buffer = pool.take(size);
      assertTrue(buffer.capacity() >= size, buffer.capacity() + " for " + size);
      assertTrue(buffer.capacity() <= Math.max(8192, 2 * size), buffer.capacity() + " for " + size);
      assertEquals(0, buffer.position());
      pool.give(buffer.position(1));
    }
    BufferPool none = new BufferPool(0);
    ByteBuffer first = none.take(10);
    none.give(first.put((byte) 1));
    assertEquals(0, none.take(10).get(0));
  }
}
