package io.nbd4j.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "007, 7",
    "5b, 5",
    "5B, 5",
    "3s, 1536",
    "3S, 1536",
    "1k, 1024",
    "64M, 67108864",
    "2g, 2147483648",
    "1T, 1099511627776",
    "1p, 1125899906842624",
    "7E, 8070450532247928832",
    "9223372036854775807, 9223372036854775807",
    "8191p, 9222246136947933184"
  })
  void sizesHaveOneOptionalSuffix(String text, long bytes) throws UsageException {
    assertEquals(bytes, ByteSize.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "k", "1.5k", "0x10", "1MiB", "1kb", "-1", "+1", " 1", "1 k", "1kk", "1q", "٣"})
  void anythingElseIsNoSize(String text) {
    UsageException e = assertThrows(UsageException.class, () -> ByteSize.parse(text));
    assertEquals("could not parse size: " + text, e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"8e", "9223372036854775808", "9999999999999999999999", "18014398509481984s"})
  void sizesBeyond63BitsAreRefused(String text) {
    UsageException e = assertThrows(UsageException.class, () -> ByteSize.parse(text));
    assertEquals("size is too large: " + text, e.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "1023, 1023",
    "1024, 1K",
    "1025, 1025",
    "1000000, 1000000",
    "1048576, 1M",
    "3145728, 3M",
    "1073741824, 1G",
    "1125899906842624, 1P",
    "8070450532247928832, 7E",
    "9223372036854775807, 9223372036854775807"
  })
  void peopleReadWholeMultiplesOnly(long bytes, String text) {
    assertEquals(text, ByteSize.human(bytes));
  }

  @Test
  void whatPeopleReadIsParsedToTheSameSize() throws UsageException {
    for (long bytes = 1; bytes > 0; bytes *= 2) {
      assertEquals(bytes, ByteSize.parse(ByteSize.human(bytes)));
    }
  }
}
