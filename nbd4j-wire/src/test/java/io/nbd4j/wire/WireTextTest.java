package io.nbd4j.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WireTextTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''           | ''
          61c3a97a     | aéz
          f09f92be     | 💾
          ff           | \\xff
          61ff62       | a\\xffb
          c3           | \\xc3
          c328         | \\xc3(
          c0af         | \\xc0\\xaf
          eda080       | \\xed\\xa0\\x80
          f09f92       | \\xf0\\x9f\\x92
          80c3a981     | \\x80é\\x81
          fffefffe     | \\xff\\xfe\\xff\\xfe
          """)
  void bytesThatAreNotUtf8AreShownAsHexadecimal(String hex, String text) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    ByteBuffer buffer = ByteBuffer.allocate(bytes.length + 5).position(3).put(bytes).position(1);
    assertEquals(text, WireText.decode(buffer, 3, bytes.length));
    assertEquals(1, buffer.position());
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes);
    assertEquals(text, WireText.decode(direct, 0, bytes.length));
  }

  @Test
  void textOfTheGreatestLengthIsEncoded() {
    String text = "é".repeat(2048);
    assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), WireText.encode(text, "name"));
  }

  @Test
  void oneByteTooManyIsRefused() {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> WireText.encode("é".repeat(2048) + "x", "name"));
    assertEquals("name: 4097 bytes, the limit is 4096", e.getMessage());
  }

  @Test
  void nulIsRefused() {
    var e = assertThrows(IllegalArgumentException.class, () -> WireText.encode("ab\0c", "name"));
    assertEquals("name: NUL at index 2", e.getMessage());
  }

  @Test
  void halfASurrogatePairIsRefused() {
    var e = assertThrows(IllegalArgumentException.class, () -> WireText.encode("a\ud83d", "name"));
    assertEquals("name: not Unicode text", e.getMessage());
  }
}
