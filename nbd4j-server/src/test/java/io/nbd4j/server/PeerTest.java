package io.nbd4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.server.backend.FileBackend;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.server.backend.ReadOnly;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The clients of libnbd and QEMU, as they are installed. */
class PeerTest {
  private static final int SIZE = 64 << 20;
  private static final long SEED = 99;

  @TempDir private Path directory;
  private NbdServer server;
  private Path image;

  @BeforeEach
  void start() throws IOException {
    image = directory.resolve("image");
    writeImage(image);
    Path disk = directory.resolve("disk");
    try (FileChannel channel =
        FileChannel.open(disk, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), SIZE - 1);
    }
    server =
        NbdServer.builder()
            .export("memory", "Pages & holes", new MemoryBackend(SIZE))
            .export("file", FileBackend.open(disk))
            .export("image", new ReadOnly(FileBackend.openReadOnly(image)))
            .defaultExport("memory")
            .listenUnix(directory.resolve("socket"))
            .listenTcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .start();
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  /** Random data, holes, and a little data at the end. */
  private static void writeImage(Path path) throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      byte[] data = new byte[3 << 20];
      for (long at : new long[] {0, 10 << 20, 20_000_001, SIZE - data.length}) {
        random.nextBytes(data);
        channel.write(ByteBuffer.wrap(data), at);
      }
    }
  }

  private String uri(String transport, String export) {
    return server.uris().stream()
        .filter(uri -> uri.startsWith(transport) && uri.contains("/" + export))
        .findFirst()
        .orElseThrow();
  }

  private void assertSameAsImage(Path other) throws IOException {
    assertEquals(-1, Files.mismatch(image, other), "first difference, seed " + SEED);
  }

  @Test
  void nbdinfoShowsTheExport() throws Exception {
    Tool nbdinfo = Tool.named("nbdinfo");
    String info = nbdinfo.run(uri("nbd+unix:", "memory"));
    assertTrue(info.contains("using structured packets"), info);
    for (String line :
        new String[] {
          "description: Pages & holes",
          "export-size: 67108864 (64M)",
          "base:allocation",
          "is_read_only: false",
          "can_cache: true",
          "can_df: true",
          "can_fast_zero: true",
          "can_flush: true",
          "can_fua: true",
          "can_multi_conn: true",
          "can_trim: true",
          "can_zero: true",
          "block_size_minimum: 1",
          "block_size_preferred: 4096",
          "block_size_maximum: 33554432"
        }) {
      assertTrue(info.contains(line + "\n"), () -> line + " is not in " + info);
    }
    String fixed = nbdinfo.run(uri("nbd:", "image"));
    assertTrue(fixed.contains("is_read_only: true\n"), fixed);
    assertTrue(fixed.contains("can_trim: false\n"), fixed);
  }

  @Test
  void nbdinfoListsAllExports() throws Exception {
    String list = Tool.named("nbdinfo").run("--list", uri("nbd:", "memory"));
    for (String export : new String[] {"memory", "file", "image"}) {
      assertTrue(list.contains("export=\"" + export + "\":"), list);
    }
  }

  @ParameterizedTest
  @CsvSource({"nbd+unix:,memory", "nbd+unix:,file", "nbd:,memory", "nbd:,file"})
  void nbdcopyCopiesInAndOut(String transport, String export) throws Exception {
    Tool nbdcopy = Tool.named("nbdcopy");
    String uri = uri(transport, export);
    Path out = directory.resolve("out");
    nbdcopy.run("--flush", image, uri);
    nbdcopy.run(uri, out);
    assertSameAsImage(out);
    nbdcopy.run("--connections=1", "--requests=1", uri(transport, "image"), uri);
    nbdcopy.run("--connections=1", "--requests=200", "--request-size=32768", uri, out);
    assertSameAsImage(out);
  }

  @Test
  void nbdcopyCopiesOneRequestAfterTheOther() throws Exception {
    Tool nbdcopy = Tool.named("nbdcopy");
    Path out = directory.resolve("out");
    nbdcopy.run("--synchronous", image, uri("nbd:", "file"));
    nbdcopy.run("--synchronous", uri("nbd:", "file"), out);
    assertSameAsImage(out);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nbd+unix:", "nbd:"})
  void qemuImgConvertsMapsAndCompares(String transport) throws Exception {
    Tool qemuImg = Tool.named("qemu-img");
    String memory = uri(transport, "memory");
    String info = qemuImg.run("info", "-f", "raw", memory);
    assertTrue(info.contains("virtual size: 64 MiB (67108864 bytes)"), info);

    qemuImg.run("convert", "-n", "-f", "raw", "-O", "raw", image, memory);
    Path out = directory.resolve("out");
    qemuImg.run("convert", "-f", "raw", "-O", "raw", memory, out);
    assertSameAsImage(out);
    String same = qemuImg.run("compare", "-f", "raw", "-F", "raw", image, memory);
    assertTrue(same.contains("Images are identical."), same);

    String map = qemuImg.run("map", "--output=json", "-f", "raw", memory);
    assertTrue(map.contains("\"data\": true"), map);
    assertTrue(map.contains("\"zero\": true"), map);
    String fileMap = qemuImg.run("map", "--output=json", "-f", "raw", uri(transport, "image"));
    assertFalse(fileMap.contains("\"zero\": true"), fileMap);
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "file"})
  void qemuIoWritesZeroesDiscardsAndReadsBack(String export) throws Exception {
    Tool qemuIo = Tool.named("qemu-io");
    String out =
        qemuIo.run(
            "-f",
            "raw",
            "-c",
            "write -P 7 4k 1M",
            "-c",
            "aio_write -P 9 8M 300k",
            "-c",
            "aio_write -P 8 9M 512",
            "-c",
            "aio_flush",
            "-c",
            "write -f -P 5 2000001 3",
            "-c",
            "write -z 64k 64k",
            "-c",
            "write -z -u 256k 64k",
            "-c",
            "discard 512k 64k",
            "-c",
            "flush",
            "-c",
            "read -P 7 4k 60k",
            "-c",
            "read -P 0 64k 64k",
            "-c",
            "read -P 0 256k 64k",
            "-c",
            "read -P 7 128k 128k",
            "-c",
            "read -P 9 8M 300k",
            "-c",
            "read -P 8 9M 512",
            "-c",
            "read -P 5 2000001 3",
            uri("nbd+unix:", export));
    assertFalse(out.contains("failed"), out);
    assertFalse(out.contains("Pattern verification"), out);
  }

  @Test
  void nbdinfoMapsHolesAndData() throws Exception {
    Tool nbdinfo = Tool.named("nbdinfo");
    Tool qemuIo = Tool.named("qemu-io");
    String uri = uri("nbd+unix:", "memory");
    qemuIo.run("-f", "raw", "-c", "write -P 1 1M 1M", uri);
    String map = nbdinfo.run("--map", uri).replaceAll(" +", " ");
    assertEquals(
        " 0 1048576 3 hole,zero\n 1048576 1048576 0 data\n 2097152 65011712 3 hole,zero\n", map);
  }
}
