package io.nbd4j.net.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The environment of this process, byte for byte.
 *
 * <p>{@link System#getenv()} has decoded it with the locale's charset, which loses every non-ASCII
 * value where the locale is C, as it is in containers and under cron.
 */
@SuppressWarnings("restricted")
public final class Environment {

  private Environment() {}

  /**
   * Returns the variables that a child would inherit.
   *
   * @return one {@code NAME=value} for each, without a final NUL; modifiable
   */
  public static List<byte[]> current() {
    List<byte[]> variables = new ArrayList<>();
    Optional<MemorySegment> environ = Libc.symbol("environ");
    if (environ.isPresent()) {
      MemorySegment array = environ.get().reinterpret(ADDRESS.byteSize()).get(ADDRESS, 0);
      if (array.address() != 0) {
        addAll(array.reinterpret(Long.MAX_VALUE), variables);
      }
    }
    if (variables.isEmpty()) {
      // A program that embeds the virtual machine may have its own copy of the symbol.
      System.getenv()
          .forEach((name, value) ->
              variables.add((name + "=" + value).getBytes(StandardCharsets.UTF_8)));
    }
    return variables;
  }

  private static void addAll(MemorySegment array, List<byte[]> variables) {
    for (long i = 0; ; i++) {
      MemorySegment string = array.getAtIndex(ADDRESS, i);
      if (string.address() == 0) {
        return;
      }
      // Latin-1 maps every byte to one character and back.
      String bytes = string.reinterpret(Long.MAX_VALUE).getString(0, StandardCharsets.ISO_8859_1);
      variables.add(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }
  }
}
