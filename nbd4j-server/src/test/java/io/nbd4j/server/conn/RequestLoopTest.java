package io.nbd4j.server.conn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.backend.Capability;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.option.OptionCodec;
import io.nbd4j.wire.option.OptionRequest;
import io.nbd4j.wire.transfer.CompactRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/** Whole conversations in memory, to see what they cost in reads and writes. */
class RequestLoopTest {
  private static final int HANDSHAKE_REPLY = 18 + 10;
  private static final Bounds BOUNDS =
      new Bounds(8, 1 << 20, 1 << 20, 1, Duration.ofSeconds(20), Duration.ofSeconds(20));

  private final MemoryBackend memory = new MemoryBackend(1 << 24);

  /** A client that has sent everything already, and keeps what it gets. */
  private static final class Recorded implements Link {
    private final ByteBuffer content;
    final ByteArrayOutputStream replies = new ByteArrayOutputStream();
    int reads;
    int writes;

    Recorded(ByteBuffer content) {
      this.content = content;
    }

    @Override
    public long read(ByteBuffer[] targets) {
      reads++;
      int before = content.remaining();
      for (ByteBuffer target : targets) {
        int step = Math.min(content.remaining(), target.remaining());
        target.put(content.slice(content.position(), step));
        content.position(content.position() + step);
      }
      return before == 0 ? -1 : before - content.remaining();
    }

    @Override
    public synchronized void write(ByteBuffer[] sources, int count) {
      writes++;
      for (int i = 0; i < count; i++) {
        byte[] bytes = new byte[sources[i].remaining()];
        sources[i].get(bytes);
        replies.writeBytes(bytes);
      }
    }

    @Override
    public void endReading() {}

    @Override
    public void close() {}
  }

  private static Recorded served(Backend backend, List<byte[]> requests) {
    ByteBuffer hello = OptionCodec.encode(new OptionRequest.ExportName(""));
    int size = 4 + hello.remaining() + requests.stream().mapToInt(r -> r.length).sum();
    ByteBuffer content = ByteBuffer.allocate(size).putInt(3).put(hello);
    requests.forEach(content::put);
    Recorded link = new Recorded(content.flip());
    Export export = new Export("", "", backend);
    ExportTable table = new ExportTable(List.of(export), export);
    List<String> log = new ArrayList<>();
    new Connections(table, BOUNDS, new BufferPool(1 << 24), log::add)
        .serve(link, Connections.requestThreads());
    assertEquals(List.of(), log);
    return link;
  }

  private static byte[] request(int type, long cookie, long offset, int length) {
    int payload = type == Commands.WRITE ? length : 0;
    ByteBuffer bytes = ByteBuffer.allocate(CompactRequest.SIZE + payload);
    new CompactRequest().wrap(bytes, 0).set(0, type, cookie, offset, length);
    return bytes.array();
  }

  private static List<byte[]> requests(int count, int type, int length) {
    List<byte[]> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      requests.add(request(type, i, (long) i * length, length));
    }
    return requests;
  }

  /** Checks simple replies, each with so much data, in any order. */
  private static void assertReplies(Recorded link, int count, int data) {
    ByteBuffer replies = ByteBuffer.wrap(link.replies.toByteArray());
    assertEquals(HANDSHAKE_REPLY + count * (16 + data), replies.remaining());
    Set<Long> cookies = new HashSet<>();
    for (int at = HANDSHAKE_REPLY; at < replies.limit(); at += 16 + data) {
      assertEquals(0, replies.getInt(at + 4), "error");
      cookies.add(replies.getLong(at + 8));
    }
    assertEquals(count, cookies.size());
  }

  @Test
  void queuedReadsOfMemoryShareReadsAndWrites() {
    Recorded link = served(memory, requests(100, Commands.READ, 512));
    assertReplies(link, 100, 512);
    assertTrue(link.reads <= 6, link.reads + " reads");
    assertTrue(link.writes <= 6, link.writes + " writes");
  }

  @Test
  void queuedWritesToMemoryShareReadsAndWrites() {
    Recorded link = served(memory, requests(300, Commands.WRITE, 4096));
    assertReplies(link, 300, 0);
    // 1.2 MiB in buffers of 128 KiB.
    assertTrue(link.reads <= 16, link.reads + " reads");
    assertTrue(link.writes <= 16, link.writes + " writes");
    assertTrue(memory.stored() >= 300 * 4096, memory.stored() + " bytes");
  }

  @Test
  void aLargeWriteGoesPastTheBuffer() {
    Recorded link = served(memory, requests(10, Commands.WRITE, 1 << 20));
    assertReplies(link, 10, 0);
    // Each payload in one piece, with the next header behind it.
    assertTrue(link.reads <= 20, link.reads + " reads");
  }

  @Test
  void aBackendThatMayBlockIsAskedFromManyThreads() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    Backend slow =
        new Backend() {
          @Override
          public long size() {
            return memory.size();
          }

          @Override
          public Set<Capability> capabilities() {
            return Set.of(Capability.WRITE);
          }

          @Override
          public void read(ByteBuffer target, long offset) throws IOException {
            threads.add(Thread.currentThread());
            memory.read(target, offset);
          }
        };
    Recorded link = served(slow, requests(200, Commands.READ, 4096));
    assertReplies(link, 200, 4096);
    assertEquals(200, threads.size());
    assertTrue(threads.stream().allMatch(Thread::isVirtual));
  }

  @Test
  void repliesAreWrittenBeforeTheEndOfTheStreamIsNoticed() {
    List<byte[]> requests = new ArrayList<>(requests(3, Commands.READ, 100));
    requests.add(new byte[] {0x25});
    assertReplies(served(memory, requests), 3, 100);
  }
}
