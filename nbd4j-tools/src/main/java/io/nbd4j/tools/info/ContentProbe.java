package io.nbd4j.tools.info;

import io.nbd4j.NbdHandle;
import io.nbd4j.model.NbdException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Guesses what an export contains: lets file(1) look at its first bytes. */
final class ContentProbe {
  private static final int LONGEST = 8192;
  private static final List<String> FILE = List.of("file", "-b", "-");

  private ContentProbe() {}

  /** What file(1) says, or null if the data cannot be read or there is no file(1). */
  static @Nullable String of(NbdHandle handle) throws InterruptedException {
    byte[] data;
    try {
      data = new byte[(int) Math.min(LONGEST, handle.getSize())];
      if (data.length > 0) {
        handle.pread(ByteBuffer.wrap(data), 0);
      }
    } catch (NbdException unreadable) {
      return null;
    }
    try {
      return ask(data);
    } catch (IOException noFileProgram) {
      return null;
    }
  }

  private static @Nullable String ask(byte[] data) throws IOException, InterruptedException {
    Process file = new ProcessBuilder(FILE).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      try (OutputStream input = file.getOutputStream()) {
        input.write(data);
      }
      String answer = new String(file.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return file.waitFor() == 0 && !answer.isBlank() ? answer.stripTrailing() : null;
    } finally {
      file.destroy();
    }
  }
}
