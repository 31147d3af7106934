package io.nbd4j.engine.transfer;

import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.transfer.Exchange.Mode;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.ScriptedTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes on the wire, in which order, and what happens when the wire takes only a part. */
final class RequestWriterTest {

  private static ScriptedTransport wire() {
    return new ScriptedTransport(new Bytes());
  }

  @Test
  void sendsCompactRequests() throws IOException {
    Exchange exchange = new Exchange(Mode.STRUCTURED);
    exchange.read(0x0102030405060708L, 512).flags = 4;
    exchange.write(4096, new byte[] {1, 2, 3}).flags = 1;
    exchange.other(WRITE_ZEROES, 1, 0xffff_ffffL).flags = 0x13;
    exchange.other(DISC, 0, 0);
    ScriptedTransport transport = wire();
    exchange.send(transport);
    assertEquals(
        Bytes.hex(
                """
                25609513 0004 0000 0000000000000001 0102030405060708 00000200
                25609513 0001 0001 0000000000000002 0000000000001000 00000003 010203
                25609513 0013 0006 0000000000000003 0000000000000001 ffffffff
                25609513 0000 0002 0000000000000004 0000000000000000 00000000
                """)
            .toString(),
        transport.written().toString());
    assertTrue(transport.outputShut());
    assertEquals(4, exchange.statistics.chunksSent());
    assertEquals(115, exchange.statistics.bytesSent());
    assertEquals(3, exchange.commands.inFlight(), "a disconnect request is not waited for");
  }

  @Test
  void sendsExtendedRequests() throws IOException {
    Exchange exchange = new Exchange(Mode.EXTENDED);
    exchange.read(7, 512);
    exchange.write(4096, new byte[] {1, 2, 3});
    exchange.other(TRIM, 1, 1L << 40);
    Command filtered = exchange.status64(0, 1L << 40);
    filtered.flags = 0x28;
    filtered.buffer(ByteBuffer.wrap(new Bytes().u64(1L << 40).u32(2).toArray()));
    ScriptedTransport transport = wire();
    exchange.send(transport);
    assertEquals(
        Bytes.hex(
                """
                21e41c71 0000 0000 0000000000000001 0000000000000007 0000000000000200
                21e41c71 0020 0001 0000000000000002 0000000000001000 0000000000000003 010203
                21e41c71 0000 0004 0000000000000003 0000000000000001 0000010000000000
                21e41c71 0028 0007 0000000000000004 0000000000000000 000000000000000c
                  0000010000000000 00000002
                """)
            .toString(),
        transport.written().toString());
    assertFalse(transport.outputShut());
  }

  @Test
  void aWriteOfNothingIsAHeaderOnly() throws IOException {
    Exchange exchange = new Exchange(Mode.SIMPLE);
    exchange.write(5, new byte[0]);
    exchange.write(6, new byte[0]);
    ScriptedTransport transport = wire();
    exchange.send(transport);
    assertEquals(
        Bytes.all(compact(0, WRITE, 1, 5, 0), compact(0, WRITE, 2, 6, 0)).toString(),
        transport.written().toString());
    transport.feed(Bytes.all(simple(0, 1), simple(0, 2)));
    exchange.receive(transport);
    assertEquals(List.of("ended 1 buffer 0-0", "ended 2 buffer 0-0"), exchange.events);
  }

  /** More than 64 commands and more than 16 payloads, the limits of one batch. */
  private static Bytes many(Exchange exchange, int commands, long seed) {
    Random random = new Random(seed);
    Bytes expected = new Bytes();
    boolean wide = exchange.negotiated.extendedHeaders;
    for (int cookie = 1; cookie <= commands; cookie++) {
      long offset = random.nextInt(1 << 30);
      if (random.nextInt(3) == 0) {
        byte[] content = new byte[1 + random.nextInt(20)];
        random.nextBytes(content);
        exchange.write(offset, content);
        expected
            .put(
                wide
                    ? extended(0x20, WRITE, cookie, offset, content.length)
                    : compact(0, WRITE, cookie, offset, content.length))
            .put(content);
      } else {
        exchange.read(offset, 9);
        expected.put(
            wide ? extended(0, READ, cookie, offset, 9) : compact(0, READ, cookie, offset, 9));
      }
    }
    return expected;
  }

  @ParameterizedTest
  @EnumSource(names = {"SIMPLE", "EXTENDED"})
  void batchesKeepTheOrderWhereverTheWireIsFull(Mode mode) throws IOException {
    long seed = 20251;
    int commands = 90;
    Exchange whole = new Exchange(mode);
    byte[] expected = many(whole, commands, seed).toArray();
    ScriptedTransport untroubled = wire();
    assertTrue(whole.writer.run(untroubled));
    assertArrayEquals(expected, untroubled.written().toArray());
    int size = expected.length;
    for (int at = 0; at <= size; at++) {
      Exchange exchange = new Exchange(mode);
      many(exchange, commands, seed);
      ScriptedTransport transport = wire().fullAt(at);
      boolean all = exchange.writer.run(transport);
      String where = "full at " + at + ", seed " + seed;
      if (!all) {
        assertEquals(at, transport.written().size(), where);
        assertTrue(exchange.writer.partial() || exchange.commands.anyQueued(), where);
        assertTrue(exchange.writer.run(transport), where);
      }
      assertFalse(exchange.writer.partial(), where);
      assertArrayEquals(expected, transport.written().toArray(), where);
      assertEquals(size, exchange.statistics.bytesSent(), where);
      assertEquals(commands, exchange.statistics.chunksSent(), where);
      assertEquals(commands, exchange.commands.inFlight(), where);
    }
  }

  @ParameterizedTest
  @EnumSource
  void batchesKeepTheOrderHoweverShortTheWritesAre(Mode mode) throws IOException {
    long seed = 20252;
    for (int most = 1; most <= 100; most++) {
      Exchange exchange = new Exchange(mode);
      String expected = many(exchange, 150, seed).toString();
      ScriptedTransport transport = wire().accepting(most);
      exchange.send(transport);
      assertEquals(
          expected, transport.written().toString(), "writes of " + most + ", seed " + seed);
    }
  }

  @Test
  void commandsQueuedMeanwhileFollow() throws IOException {
    Exchange exchange = new Exchange(Mode.SIMPLE);
    exchange.write(0, new byte[] {1, 2, 3, 4});
    ScriptedTransport transport = wire().fullAt(30);
    assertFalse(exchange.writer.run(transport));
    exchange.read(8, 8);
    assertTrue(exchange.writer.run(transport));
    assertEquals(
        Bytes.all(
                compact(0, WRITE, 1, 0, 4),
                new Bytes().put(new byte[] {1, 2, 3, 4}),
                compact(0, READ, 2, 8, 8))
            .toString(),
        transport.written().toString());
  }

  @ParameterizedTest
  @EnumSource
  void aReplyThatOvertakesThePayloadEndsTheCommandOnlyAfterIt(Mode mode) throws IOException {
    int header = mode == Mode.EXTENDED ? 32 : 28;
    Bytes answer =
        mode == Mode.EXTENDED
            ? Bytes.all(
                extendedChunk(DONE, CHUNK_ERROR, 1, 64, error(28, "full")),
                extendedChunk(DONE, CHUNK_NONE, 2, 0, new Bytes()))
            : Bytes.all(simple(28, 1), simple(0, 2));
    for (int at = header; at < header + 4; at++) {
      Exchange exchange = new Exchange(mode);
      exchange.write(64, new byte[] {1, 2, 3, 4});
      exchange.other(FLUSH, 0, 0);
      ScriptedTransport transport = wire().fullAt(at);
      assertFalse(exchange.writer.run(transport));
      transport.feed(answer);
      exchange.receive(transport);
      assertEquals(List.of(), exchange.events, "full at " + at);
      assertEquals(2, exchange.commands.inFlight());
      exchange.receive(transport);
      assertTrue(exchange.writer.run(transport));
      String text = mode == Mode.EXTENDED ? " \"full\"" : "";
      assertEquals(List.of("ended 1 ENOSPC" + text + " buffer 0-4", "ended 2"), exchange.events);
      assertEquals(2 * header + 4, transport.written().size());
      assertEquals(0, exchange.commands.inFlight());
    }
  }

  @Test
  void aSecondReplyToACommandThatIsStillBeingSentIsSkipped() throws IOException {
    Exchange exchange = new Exchange(Mode.STRUCTURED);
    exchange.write(64, new byte[] {1, 2, 3, 4});
    ScriptedTransport transport = wire().fullAt(30);
    assertFalse(exchange.writer.run(transport));
    transport.feed(Bytes.all(simple(0, 1), simple(5, 1), simple(28, 1)));
    exchange.receive(transport);
    assertTrue(exchange.writer.run(transport));
    assertEquals(List.of("ended 1 buffer 4-4"), exchange.events);
  }

  @Test
  void anAbandonedBatchEndsItsCommands() throws IOException {
    Exchange exchange = new Exchange(Mode.SIMPLE);
    exchange.write(0, new byte[] {1, 2, 3, 4});
    exchange.write(4, new byte[] {5, 6, 7, 8});
    exchange.read(8, 4);
    ScriptedTransport transport = wire().fullAt(40);
    assertFalse(exchange.writer.run(transport));
    transport.feed(simple(0, 1));
    exchange.receive(transport);
    assertTrue(exchange.writer.partial());
    exchange.end();
    assertFalse(exchange.writer.partial());
    assertEquals(
        Set.of("ended 1 buffer 4-4", "ended 2 ENOTCONN buffer 0-4", "ended 3 ENOTCONN buffer 3-7"),
        new HashSet<>(exchange.events));
    assertEquals(3, exchange.events.size());
    assertEquals(0, exchange.commands.inFlight());
  }

  @Test
  void aPayloadThatItsOwnerTookBackIsSentFromACopy() throws IOException {
    for (int at = 28; at < 32; at++) {
      Exchange exchange = new Exchange(Mode.SIMPLE);
      byte[] content = {1, 2, 3, 4};
      Command given = exchange.write(0, content);
      exchange.write(4, new byte[] {5, 6});
      ScriptedTransport transport = wire().fullAt(at);
      assertFalse(exchange.writer.run(transport));
      exchange.writer.detach(given);
      Arrays.fill(content, (byte) 0x77);
      assertTrue(exchange.writer.run(transport));
      assertArrayEquals(
          Bytes.all(
                  compact(0, WRITE, 1, 0, 4),
                  Bytes.hex("01020304"),
                  compact(0, WRITE, 2, 4, 2),
                  Bytes.hex("0506"))
              .toArray(),
          transport.written().toArray(),
          "full at " + at);
    }
  }
}
