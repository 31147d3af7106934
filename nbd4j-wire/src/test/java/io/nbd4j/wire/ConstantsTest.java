package io.nbd4j.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The numbers against a table that was worked out from the protocol's tables and not from the code.
 */
class ConstantsTest {
  private static final String PACKAGE = "io.nbd4j.wire.";

  /** Values by name by class. */
  static Map<String, Map<String, Object>> table() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ConstantsTest.class.getResourceAsStream("constants.tsv"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .skip(1)
          .map(line -> line.split("\t", -1))
          .collect(
              Collectors.groupingBy(
                  row -> row[0],
                  TreeMap::new,
                  Collectors.toMap(
                      row -> row[1], row -> value(row[2]), (a, b) -> b, TreeMap::new)));
    }
  }

  static Stream<String> groups() throws IOException {
    return table().keySet().stream();
  }

  static Stream<String> numberedGroups() {
    return Stream.of(
        "Options", "OptionReplies", "InfoTypes", "Commands", "ChunkTypes", "WireErrors");
  }

  static Stream<String> flagGroups() {
    return Stream.of(
        "HandshakeFlags", "TransmissionFlags", "CommandFlags", "ReplyFlags", "BaseAllocation");
  }

  @ParameterizedTest
  @MethodSource("groups")
  void publicConstantsAreExactlyThoseOfTheTable(String group) throws Exception {
    Map<String, Object> found = new TreeMap<>();
    for (Field field : Class.forName(PACKAGE + group).getFields()) {
      assertTrue(Modifier.isStatic(field.getModifiers()) && Modifier.isFinal(field.getModifiers()));
      Object value = field.get(null);
      found.put(
          field.getName(),
          value instanceof Integer number
              // 32-bit numbers count as unsigned.
              ? (Object) Integer.toUnsignedLong(number)
              : Objects.requireNonNull(value));
    }
    assertEquals(table().get(group), found);
  }

  @Test
  void tableHasEveryClassWithConstants() throws Exception {
    assertEquals(
        Stream.concat(
                Stream.concat(numberedGroups(), flagGroups()),
                Stream.of(
                    "Magic",
                    "Limits",
                    "option.OptionCodec",
                    "transfer.CompactRequest",
                    "transfer.ExtendedRequest",
                    "transfer.SimpleReply",
                    "transfer.StructuredChunk",
                    "transfer.ExtendedChunk",
                    "transfer.DataChunk",
                    "transfer.HoleChunk",
                    "transfer.ErrorChunk",
                    "transfer.BlockStatus",
                    "transfer.BlockStatusExt",
                    "transfer.BlockStatusPayload"))
            .sorted()
            .toList(),
        groups().toList());
  }

  @ParameterizedTest
  @MethodSource("numberedGroups")
  void everyNumberHasItsNameAndOthersKeepTheirNumber(String group) throws Exception {
    Class<?> type = Class.forName(PACKAGE + group);
    for (Map.Entry<String, Object> row : Objects.requireNonNull(table().get(group)).entrySet()) {
      int code = (int) (long) (Long) row.getValue();
      assertEquals(row.getKey(), type.getMethod("name", int.class).invoke(null, code));
    }
    assertEquals("unknown (77)", type.getMethod("name", int.class).invoke(null, 77));
    assertEquals("unknown (4294967295)", type.getMethod("name", int.class).invoke(null, -1));
  }

  @ParameterizedTest
  @MethodSource("flagGroups")
  void everyBitHasItsNameAndOthersKeepTheirNumber(String group) throws Exception {
    Class<?> type = Class.forName(PACKAGE + group);
    int bits = 0;
    for (Map.Entry<String, Object> row : Objects.requireNonNull(table().get(group)).entrySet()) {
      if (row.getValue() instanceof Long bit && Long.bitCount(bit) == 1) {
        bits |= bit.intValue();
        assertEquals(row.getKey(), type.getMethod("names", int.class).invoke(null, bit.intValue()));
      }
    }
    assertEquals("0", type.getMethod("names", int.class).invoke(null, 0));
    assertEquals(
        "0x" + Integer.toHexString(~bits), type.getMethod("names", int.class).invoke(null, ~bits));
  }

  @Test
  void severalBitsAreJoinedLowestFirst() {
    assertEquals(
        "HAS_FLAGS|SEND_FLUSH|BLOCK_STATUS_PAYLOAD|0x8000", TransmissionFlags.names(0x9005));
    assertEquals("HOLE|ZERO", BaseAllocation.names(3));
  }

  @Test
  void magicNumbersHaveNames() throws Exception {
    for (Map.Entry<String, Object> row : Objects.requireNonNull(table().get("Magic")).entrySet()) {
      assertEquals(
          row.getKey().equals("INIT") ? "NBDMAGIC" : row.getKey(),
          Magic.name((Long) row.getValue()));
    }
    assertEquals("unknown (0x12560953)", Magic.name(0x12560953));
    assertEquals("unknown (0xffffffffffffffff)", Magic.name(-1L));
  }

  @ParameterizedTest
  @ValueSource(ints = {0x80000000, 0x80000001, 0x8000000a, 0x80001234, -1})
  void optionRepliesWithBit31AreErrors(int type) {
    assertTrue(OptionReplies.isError(type));
    assertFalse(OptionReplies.isError(type & 0x7fffffff));
  }

  @ParameterizedTest
  @ValueSource(ints = {0x8000, 0x8001, 0x8002, 0x8003, 0xffff})
  void chunkTypesWithBit15AreErrors(int type) {
    assertTrue(ChunkTypes.isError(type));
    assertFalse(ChunkTypes.isError(type & 0x7fff));
  }

  @ParameterizedTest
  @MethodSource({"numberedGroups", "flagGroups"})
  @ValueSource(strings = {"Magic", "Limits", "option.OptionCodec"})
  void constantClassesHaveNoInstances(String group) throws Exception {
    Class<?> type = Class.forName(PACKAGE + group);
    assertTrue(Modifier.isFinal(type.getModifiers()));
    for (Constructor<?> constructor : type.getDeclaredConstructors()) {
      assertTrue(Modifier.isPrivate(constructor.getModifiers()));
    }
  }

  private static Object value(String text) {
    if (text.startsWith("0x")) {
      return Long.parseUnsignedLong(text.substring(2), 16);
    }
    return Character.isDigit(text.charAt(0)) ? (Object) Long.valueOf(text) : text;
  }
}
