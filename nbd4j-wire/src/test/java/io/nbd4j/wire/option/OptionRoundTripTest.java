package io.nbd4j.wire.option;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.wire.MalformedMessageException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionRoundTripTest {
  private static final int ROUNDS = 300;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 20260101})
  void randomRequestsComeBackEqual(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < ROUNDS; round++) {
      for (OptionRequest request : requests(random)) {
        byte[] message = OptionCodecTest.bytes(OptionCodec.encode(request));
        assertEquals(request, OptionCodecTest.decode(message), "seed " + seed);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 20260101})
  void randomRepliesComeBackEqual(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < ROUNDS; round++) {
      for (OptionReply reply : replies(random)) {
        byte[] message = OptionCodecTest.bytes(OptionCodec.encode(random.nextInt(), reply));
        assertEquals(reply, OptionCodecTest.decode(message), "seed " + seed);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 5, 6})
  void randomBytesAreDecodedOrRefusedAndWhatIsDecodedComesBackEqual(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    int decoded = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] data = sparseBytes(random, random.nextInt(24));
      int option = random.nextInt(13);
      try {
        OptionRequest request = OptionCodec.decodeRequest(option, ByteBuffer.wrap(data));
        byte[] message = OptionCodecTest.bytes(OptionCodec.encode(request));
        assertEquals(request, OptionCodecTest.decode(message), "seed " + seed);
        decoded++;
      } catch (MalformedMessageException e) {
        // Nothing else may be thrown.
      }
      int type = random.nextInt(6) | random.nextInt(2) << 31;
      try {
        OptionReply reply = OptionCodec.decodeReply(type, ByteBuffer.wrap(data));
        byte[] message = OptionCodecTest.bytes(OptionCodec.encode(1, reply));
        assertEquals(reply, OptionCodecTest.decode(message), "seed " + seed);
        decoded++;
      } catch (MalformedMessageException e) {
        // Nothing else may be thrown.
      }
    }
    assertTrue(decoded > 5000, () -> "seed " + seed + " is no test: it made no messages");
  }

  private static List<OptionRequest> requests(SplittableRandom random) {
    return List.of(
        new OptionRequest.ExportName(text(random)),
        new OptionRequest.Abort(),
        new OptionRequest.ListExports(),
        new OptionRequest.StartTls(),
        new OptionRequest.Info(text(random), list(random, () -> random.nextInt(0x10000))),
        new OptionRequest.Go(text(random), list(random, () -> random.nextInt(0x10000))),
        new OptionRequest.StructuredReply(),
        new OptionRequest.ListMetaContext(text(random), list(random, () -> text(random))),
        new OptionRequest.SetMetaContext(text(random), list(random, () -> text(random))),
        new OptionRequest.ExtendedHeaders(),
        new OptionRequest.Unknown(random.nextInt() | 0x1000, bytes(random)));
  }

  private static List<OptionReply> replies(SplittableRandom random) {
    return List.of(
        new OptionReply.Ack(),
        new OptionReply.Server(text(random), text(random)),
        new OptionReply.Info(new InfoItem.Export(random.nextLong(), random.nextInt(0x10000))),
        new OptionReply.Info(new InfoItem.Name(text(random))),
        new OptionReply.Info(new InfoItem.Description(text(random))),
        new OptionReply.Info(
            new InfoItem.BlockSize(
                random.nextLong(1L << 32), random.nextLong(1L << 32), random.nextLong(1L << 32))),
        new OptionReply.Info(new InfoItem.Unknown(4 + random.nextInt(0xfffc), bytes(random))),
        new OptionReply.MetaContext(random.nextInt(), "c" + text(random)),
        new OptionReply.Error(random.nextInt() | 0x80000000, text(random)),
        new OptionReply.Unknown(5 + random.nextInt(0x7ffffffa), bytes(random)));
  }

  private static <T> List<T> list(SplittableRandom random, Supplier<T> item) {
    List<T> items = new ArrayList<>();
    for (int i = random.nextInt(6); i > 0; i--) {
      items.add(item.get());
    }
    return items;
  }

  private static byte[] bytes(SplittableRandom random) {
    byte[] bytes = new byte[random.nextInt(200)];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Mostly zeroes and small numbers, so that lengths and counts often fit. */
  private static byte[] sparseBytes(SplittableRandom random, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      int kind = random.nextInt(8);
      bytes[i] = (byte) (kind < 5 ? 0 : kind < 7 ? random.nextInt(5) : random.nextInt(256));
    }
    return bytes;
  }

  /** Text of one to four bytes a character, without NUL and surrogates. */
  private static String text(SplittableRandom random) {
    int[] ends = {0x80, 0x800, 0xd800, 0x110000};
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(40); i > 0; i--) {
      int kind = random.nextInt(ends.length);
      text.appendCodePoint(random.nextInt(kind == 3 ? 0xe000 : 1, ends[kind]));
    }
    return text.toString();
  }
}
