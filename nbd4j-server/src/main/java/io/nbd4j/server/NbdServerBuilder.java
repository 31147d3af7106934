package io.nbd4j.server;

import io.nbd4j.server.backend.Backend;
import io.nbd4j.server.conn.Bounds;
import io.nbd4j.server.conn.BufferPool;
import io.nbd4j.server.conn.Connections;
import io.nbd4j.server.conn.Export;
import io.nbd4j.server.conn.ExportTable;
import io.nbd4j.server.conn.Listener;
import io.nbd4j.wire.WireText;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a server is to export, and where it is to listen. For one thread. */
public final class NbdServerBuilder {
  /** The memory that idle buffers of a server may take. */
  private static final long IDLE_BUFFERS = 1 << 26;

  private final Map<String, Export> exports = new LinkedHashMap<>();
  private final List<Opening> openings = new ArrayList<>();
  private @Nullable String defaultName;
  private Limits limits = Limits.DEFAULT;
  private Consumer<String> log = message -> {};

  NbdServerBuilder() {}

  /** Binds a listener. */
  @FunctionalInterface
  private interface Opening {
    Listener open() throws IOException;
  }

  /**
   * Adds an export without a description.
   *
   * @param name its name, at most 4096 bytes of UTF-8; "" is what a client gets that names none
   * @param backend its content, which the server closes in the end
   * @return this
   * @throws IllegalArgumentException if the name is taken or not possible
   */
  public NbdServerBuilder export(String name, Backend backend) {
    return export(name, "", backend);
  }

  /**
   * Adds an export.
   *
   * @param name its name, at most 4096 bytes of UTF-8; "" is what a client gets that names none
   * @param description a text for people, at most 4096 bytes of UTF-8
   * @param backend its content, which the server closes in the end
   * @return this
   * @throws IllegalArgumentException if the name is taken, or a text not possible
   */
  public NbdServerBuilder export(String name, String description, Backend backend) {
    WireText.encode(name, "export name");
    WireText.encode(description, "description");
    if (exports.containsKey(name)) {
      throw new IllegalArgumentException("two exports with the name \"" + name + "\"");
    }
    exports.put(name, new Export(name, description, backend));
    return this;
  }

  /**
   * Says which export a client gets that names none. Without this, it is the one with the name "",
   * or else the only one.
   *
   * @param name the name of an export
   * @return this
   */
  public NbdServerBuilder defaultExport(String name) {
    defaultName = name;
    return this;
  }

  /**
   * Adds a TCP address to listen on.
   *
   * @param address the address; port 0 takes any free port
   * @return this
   */
  public NbdServerBuilder listenTcp(InetSocketAddress address) {
    openings.add(() -> Listener.tcp(address));
    return this;
  }

  /**
   * Adds a Unix socket to listen on.
   *
   * @param path its file, which must not exist, and which is removed in the end
   * @return this
   */
  public NbdServerBuilder listenUnix(Path path) {
    openings.add(() -> Listener.unix(path));
    return this;
  }

  /**
   * Sets what clients may take.
   *
   * @param limits the limits, {@link Limits#DEFAULT} before
   * @return this
   */
  public NbdServerBuilder limits(Limits limits) {
    this.limits = limits;
    return this;
  }

  /**
   * Sets who is told about failures, one line each: of backends, connections and listeners. It is
   * called from many threads.
   *
   * @param log takes a line; what it throws is ignored
   * @return this
   */
  public NbdServerBuilder log(Consumer<String> log) {
    this.log = log;
    return this;
  }

  /**
   * Binds the listeners and begins to serve.
   *
   * @return the running server
   * @throws IOException if an address cannot be bound; none is then
   * @throws IllegalStateException if the default export does not exist
   */
  public NbdServer start() throws IOException {
    ExportTable table = new ExportTable(exports.values(), byDefault());
    Consumer<String> quietLog = quiet(log);
    Bounds bounds =
        new Bounds(
            limits.requestsInFlight(),
            limits.bytesInFlight(),
            limits.maximumPayload(),
            limits.connections(),
            limits.handshakeTimeout(),
            limits.closeTimeout());
    Connections connections =
        new Connections(table, bounds, new BufferPool(IDLE_BUFFERS), quietLog);
    List<Listener> listeners = new ArrayList<>();
    try {
      for (Opening opening : openings) {
        listeners.add(opening.open());
      }
    } catch (IOException | RuntimeException e) {
      for (Listener listener : listeners) {
        listener.close();
      }
      throw e;
    }
    return new NbdServer(List.copyOf(exports.values()), listeners, connections, quietLog);
  }

  private @Nullable Export byDefault() {
    if (defaultName == null) {
      return exports.size() == 1 ? exports.values().iterator().next() : null;
    }
    Export export = exports.get(defaultName);
    if (export == null) {
      throw new IllegalStateException("no export has the name \"" + defaultName + "\"");
    }
    return export;
  }

  private static Consumer<String> quiet(Consumer<String> log) {
    return message -> {
      try {
        log.accept(message);
      } catch (RuntimeException e) {
        // A log that fails must not take the server with it.
      }
    };
  }
}
