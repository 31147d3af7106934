package io.nbd4j.testkit;

import io.nbd4j.server.NbdServer;
import io.nbd4j.server.backend.FileBackend;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The servers that the client is tried with. */
@SuppressWarnings("ImmutableEnumChecker") // The sets are copies that nobody can change.
public enum Peer {
  NBDKIT_MEMORY("nbdkit", true, EnumSet.allOf(Way.class), EnumSet.allOf(Feature.class)),
  NBDKIT_FILE("nbdkit", true, EnumSet.allOf(Way.class), EnumSet.allOf(Feature.class)),
  QEMU_NBD_RAW(
      "qemu-nbd",
      true,
      EnumSet.complementOf(EnumSet.of(Way.COMMAND)),
      EnumSet.allOf(Feature.class)),
  QEMU_NBD_QCOW2(
      "qemu-nbd",
      true,
      EnumSet.complementOf(EnumSet.of(Way.COMMAND)),
      EnumSet.allOf(Feature.class)),
  NBD_SERVER(
      "nbd-server",
      false,
      EnumSet.complementOf(EnumSet.of(Way.ACTIVATION)),
      EnumSet.of(Feature.FLUSH, Feature.FUA, Feature.TRIM, Feature.ZERO)),
  /** Our own in this process, with a file. */
  OUR_SERVER(
      null,
      true,
      EnumSet.complementOf(EnumSet.of(Way.COMMAND, Way.ACTIVATION)),
      EnumSet.of(Feature.FLUSH, Feature.FUA, Feature.ZERO)),
  /** Our own as a process, with memory. */
  OUR_PROGRAM(null, true, EnumSet.of(Way.COMMAND, Way.ACTIVATION), EnumSet.allOf(Feature.class));

  /** What a server is known to offer. */
  public enum Feature {
    FLUSH,
    FUA,
    TRIM,
    ZERO,
    CACHE,
    /** The meta context {@code base:allocation}, if structured replies are negotiated. */
    EXTENTS
  }

  private static final String DISK = "disk";

  private final @Nullable String program;
  private final boolean structuredReplies;
  private final Set<Way> ways;
  private final Set<Feature> features;

  Peer(@Nullable String program, boolean structuredReplies, Set<Way> ways, Set<Feature> features) {
    this.program = program;
    this.structuredReplies = structuredReplies;
    this.ways = Set.copyOf(ways);
    this.features = Set.copyOf(features);
  }

  /** Ends the test here, skipped or failed, if the peer is not installed. */
  public void require() {
    if (program != null) {
      Programs.require(program);
    }
    if (this == QEMU_NBD_QCOW2) {
      Programs.require("qemu-img");
    }
  }

  public boolean structuredReplies() {
    return structuredReplies;
  }

  public Set<Way> ways() {
    return ways;
  }

  public Set<Feature> features() {
    return features;
  }

  /** Prepares an export of zeroes, and starts its server unless the client is to do so. */
  public PeerServer serve(Way way, long size) throws IOException {
    PrivateDirectory directory = PrivateDirectory.create();
    boolean started = false;
    try {
      PeerServer server = serve(way, size, directory);
      started = true;
      return server;
    } finally {
      if (!started) {
        directory.close();
      }
    }
  }

  private PeerServer serve(Way way, long size, PrivateDirectory directory) throws IOException {
    Path socket = directory.file("socket");
    Path image = image(size, directory);
    String export = this == NBD_SERVER ? DISK : "";
    if (this == OUR_SERVER) {
      return ourServer(way, image, directory);
    }
    int port = freePort(way.listening());
    List<String> argv =
        switch (this) {
          case NBDKIT_MEMORY -> nbdkit(way, socket, port, "memory", Long.toString(size));
          case NBDKIT_FILE -> nbdkit(way, socket, port, "file", String.valueOf(image));
          case QEMU_NBD_RAW -> qemuNbd(way, socket, port, "raw", image);
          case QEMU_NBD_QCOW2 -> qemuNbd(way, socket, port, "qcow2", image);
          case NBD_SERVER -> nbdServer(way, socket, port, image, directory);
          case OUR_PROGRAM ->
              way == Way.COMMAND ? MemoryServer.stdio(size) : MemoryServer.inherited(size);
          case OUR_SERVER -> throw new IllegalStateException("it is no program");
        };
    RunningProgram running =
        way.listening() == Way.Listening.NOT ? null : RunningProgram.start(argv, directory);
    Path raw = this == QEMU_NBD_QCOW2 ? null : image;
    return new PeerServer(
        directory, new Route(way, argv, socket, port, export), raw, running, null);
  }

  private @Nullable Path image(long size, PrivateDirectory directory) throws IOException {
    Path file = directory.file("image");
    switch (this) {
      case NBDKIT_MEMORY, OUR_PROGRAM -> {
        return null;
      }
      case QEMU_NBD_QCOW2 ->
          run("qemu-img", "create", "-q", "-f", "qcow2", file.toString(), Long.toString(size));
      case NBDKIT_FILE, QEMU_NBD_RAW, NBD_SERVER, OUR_SERVER -> {
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
          made.setLength(size);
        }
      }
    }
    return file;
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException("failed: " + String.join(" ", command));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static List<String> nbdkit(
      Way way, Path socket, int port, String plugin, String argument) {
    List<String> argv = new ArrayList<>(List.of("nbdkit", "--exit-with-parent"));
    argv.addAll(
        switch (way.listening()) {
          case NOT -> way == Way.COMMAND ? List.of("-s") : List.of();
          case UNIX -> List.of("-U", socket.toString());
          case IPV4 -> List.of("-i", "127.0.0.1", "-p", Integer.toString(port));
          case IPV6 -> List.of("-i", "::1", "-p", Integer.toString(port));
        });
    argv.add(plugin);
    argv.add(argument);
    return argv;
  }

  private static List<String> qemuNbd(
      Way way, Path socket, int port, String format, @Nullable Path image) {
    List<String> argv =
        new ArrayList<>(List.of("qemu-nbd", "-t", "-e", "16", "--discard=unmap", "-f", format));
    argv.addAll(
        switch (way.listening()) {
          case NOT -> List.of();
          case UNIX -> List.of("-k", socket.toString());
          case IPV4 -> List.of("-b", "127.0.0.1", "-p", Integer.toString(port));
          case IPV6 -> List.of("-b", "::1", "-p", Integer.toString(port));
        });
    argv.add(String.valueOf(image));
    return argv;
  }

  /** In the foreground it serves one client, and ends. */
  private static List<String> nbdServer(
      Way way, Path socket, int port, @Nullable Path image, PrivateDirectory directory)
      throws IOException {
    String listening =
        switch (way.listening()) {
          case NOT -> "";
          case UNIX -> "unixsock = " + socket + "\n";
          case IPV4 -> "listenaddr = 127.0.0.1\nport = " + port + "\n";
          case IPV6 -> "listenaddr = ::1\nport = " + port + "\n";
        };
    Path configuration =
        Files.writeString(
            directory.file("configuration"),
            """
            [generic]
            allowlist = true
            %s[%s]
            exportname = %s
            flush = true
            fua = true
            trim = true
            """
                .formatted(listening, DISK, image));
    List<String> argv =
        new ArrayList<>(List.of("nbd-server", "-d", "-C", configuration.toString()));
    if (way == Way.COMMAND) {
      argv.add("0");
    }
    return argv;
  }

  private static PeerServer ourServer(Way way, @Nullable Path image, PrivateDirectory directory)
      throws IOException {
    if (image == null) {
      throw new IllegalStateException("no image");
    }
    Path socket = directory.file("socket");
    var builder = NbdServer.builder().export(DISK, FileBackend.open(image));
    switch (way.listening()) {
      case UNIX -> builder.listenUnix(socket);
      case IPV4 -> builder.listenTcp(Loopback.IPV4.port(0));
      case IPV6 -> builder.listenTcp(Loopback.IPV6.port(0));
      case NOT -> throw new IllegalArgumentException("it runs in this process: " + way);
    }
    NbdServer server = builder.start();
    int port =
        server.addresses().getFirst() instanceof InetSocketAddress address ? address.getPort() : 0;
    return new PeerServer(
        directory, new Route(way, List.of(), socket, port, DISK), image, null, server);
  }

  /** A port that nobody listens on now; the peers can't choose one and tell. */
  private static int freePort(Way.Listening listening) throws IOException {
    return switch (listening) {
      case NOT, UNIX -> 0;
      case IPV4 -> freePort(Loopback.IPV4);
      case IPV6 -> freePort(Loopback.IPV6);
    };
  }

  private static int freePort(Loopback loopback) throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, loopback.address())) {
      return probe.getLocalPort();
    }
  }
}
