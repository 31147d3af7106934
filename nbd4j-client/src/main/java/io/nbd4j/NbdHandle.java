package io.nbd4j;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.connect.Endpoint;
import io.nbd4j.engine.drive.Connection;
import io.nbd4j.engine.handshake.Operation;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.model.AllowTransport;
import io.nbd4j.model.ApiCall;
import io.nbd4j.model.BlockSize;
import io.nbd4j.model.ChunkCallback;
import io.nbd4j.model.CommandFlags;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.ContextCallback;
import io.nbd4j.model.DebugCallback;
import io.nbd4j.model.Direction;
import io.nbd4j.model.Errno;
import io.nbd4j.model.Extent64Callback;
import io.nbd4j.model.ExtentCallback;
import io.nbd4j.model.HandshakeFlag;
import io.nbd4j.model.ListCallback;
import io.nbd4j.model.NbdException;
import io.nbd4j.model.ShutdownFlag;
import io.nbd4j.model.StateWord;
import io.nbd4j.model.StrictMode;
import io.nbd4j.model.TlsMode;
import io.nbd4j.net.Readiness;
import io.nbd4j.net.posix.PosixException;
import io.nbd4j.net.spawn.Subprocess;
import io.nbd4j.uri.NbdUri;
import io.nbd4j.wire.Commands;
import io.nbd4j.wire.TransmissionFlags;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A connection to an NBD server: libnbd's handle, with its functions in camel case and without
 * their prefix, in the order of their parameters.
 *
 * <p>A handle is made, set up, connected once, used, and closed. Any number of threads may use it
 * at once, platform or virtual: their commands are in flight together, and no lock is held while
 * one waits. Callbacks run on the thread that happens to drive the connection, and may call the
 * handle.
 *
 * <p>Where C returns -1 and leaves an error behind, {@link NbdException} is thrown, with the same
 * text and error number. A call in a state that does not permit it fails with ENOTCONN on a new
 * handle and with EINVAL otherwise; null for a parameter that may not be null fails with EFAULT.
 */
public final class NbdHandle implements AutoCloseable {

  private static final int SIGTERM = 15;
  private static final int MAX_SOCKET_NAME = 32;
  private static final Pattern ALPHANUMERIC = Pattern.compile("[0-9A-Za-z]*");
  private static final String NO_TLS = "this version of the library has no TLS support";
  private static final CommandFlags ZERO_FLAGS =
      CommandFlags.FUA.and(CommandFlags.NO_HOLE).and(CommandFlags.FAST_ZERO);

  private final Connection connection = new Connection();
  private final Settings settings = connection.settings();
  private final Negotiated negotiated = connection.negotiated();
  private final ReentrantLock lock = connection.commands().lock;
  private final Calls calls = new Calls(connection);
  private final DataCalls data = new DataCalls(connection, calls);
  private final OptionCalls options = new OptionCalls(connection);
  private final UriCalls uris = new UriCalls(connection);
  private final AtomicReference<@Nullable Object> privateData = new AtomicReference<>();

  /** Makes a handle, not connected to anything yet. {@code nbd_create}, since libnbd 1.0. */
  public NbdHandle() {}

  /**
   * Ends the connection at once and lets go of everything that belongs to the handle.
   *
   * <p>Commands in flight end with ENOTCONN. A subprocess that was connected to by its standard
   * input and output has now seen the end of it, and is waited for; one that was started with
   * socket activation is sent SIGTERM first. A subprocess that is still there after {@link
   * #setSubprocessGrace} is sent SIGTERM, and after the same time again SIGKILL. Closing twice is
   * closing once. {@code nbd_close}, since libnbd 1.0.
   */
  @Override
  public void close() {
    connection.close();
  }

  /**
   * Sets how long {@link #close} waits for a subprocess to end by itself, and then after SIGTERM,
   * before it uses the next stronger means; the default is 10 seconds. Beyond libnbd, which waits
   * for ever.
   *
   * @param grace the time, 0 or more
   * @throws IllegalArgumentException if it is negative
   */
  public void setSubprocessGrace(Duration grace) {
    if (grace.isNegative()) {
      throw new IllegalArgumentException("the grace is negative: " + grace);
    }
    lock.lock();
    try {
      settings.subprocessGrace = grace;
    } finally {
      lock.unlock();
    }
  }

  /**
   * How long {@link #close} waits for a subprocess.
   *
   * @return the time
   */
  public Duration getSubprocessGrace() {
    lock.lock();
    try {
      return settings.subprocessGrace;
    } finally {
      lock.unlock();
    }
  }

  // Debugging, name, private data, statistics.

  /**
   * Turns debug messages on or off; they are on from the beginning if the environment has {@code
   * LIBNBD_DEBUG=1}.
   *
   * <p>Permitted in any state. {@code nbd_set_debug}, since libnbd 1.0.
   *
   * @param debug whether to emit debug messages
   */
  public void setDebug(boolean debug) {
    connection.trace().on(debug);
  }

  /**
   * Whether debug messages are on.
   *
   * <p>Permitted in any state. {@code nbd_get_debug}, since libnbd 1.0.
   *
   * @return the setting
   */
  public boolean getDebug() {
    return connection.trace().on();
  }

  /**
   * Sends debug messages to a callback, in place of the one before or of the standard error stream.
   *
   * <p>Permitted in any state. {@code nbd_set_debug_callback}, since libnbd 1.0.
   *
   * @param debug the callback
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setDebugCallback(DebugCallback debug) throws NbdException {
    connection.trace().callback(Calls.notNull(ApiCall.SET_DEBUG_CALLBACK, debug, "debug"));
  }

  /**
   * Sends debug messages to the standard error stream again.
   *
   * <p>Permitted in any state. {@code nbd_clear_debug_callback}, since libnbd 1.0.
   */
  public void clearDebugCallback() {
    connection.trace().callback(null);
  }

  /**
   * Names the handle in debug messages.
   *
   * <p>Permitted in any state. {@code nbd_set_handle_name}, since libnbd 1.0.
   *
   * @param handleName the name, which need not be unique
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setHandleName(String handleName) throws NbdException {
    connection.trace().name(Calls.notNull(ApiCall.SET_HANDLE_NAME, handleName, "handle_name"));
  }

  /**
   * The name of the handle in debug messages.
   *
   * <p>Permitted in any state. {@code nbd_get_handle_name}, since libnbd 1.0.
   *
   * @return the name, {@code nbd1}, {@code nbd2} and so on unless set
   */
  public String getHandleName() {
    return connection.trace().name();
  }

  /**
   * Stores an object of the caller's with the handle.
   *
   * <p>Permitted in any state. {@code nbd_set_private_data}, since libnbd 1.8.
   *
   * @param privateData any object, or null
   * @return the object that was stored before, or null
   */
  public @Nullable Object setPrivateData(@Nullable Object privateData) {
    return this.privateData.getAndSet(privateData);
  }

  /**
   * The object that the caller stored with the handle.
   *
   * <p>Permitted in any state. {@code nbd_get_private_data}, since libnbd 1.8.
   *
   * @return the object, or null
   */
  public @Nullable Object getPrivateData() {
    return privateData.get();
  }

  /**
   * The number of bytes of the protocol sent so far, before encryption.
   *
   * <p>Permitted in any state. {@code nbd_stats_bytes_sent}, since libnbd 1.16.
   *
   * @return the count since the handle was made
   */
  public long statsBytesSent() {
    return connection.statistics().bytesSent();
  }

  /**
   * The number of protocol messages sent so far: option requests and commands.
   *
   * <p>Permitted in any state. {@code nbd_stats_chunks_sent}, since libnbd 1.16.
   *
   * @return the count since the handle was made
   */
  public long statsChunksSent() {
    return connection.statistics().chunksSent();
  }

  /**
   * The number of bytes of the protocol received so far, before encryption.
   *
   * <p>Permitted in any state. {@code nbd_stats_bytes_received}, since libnbd 1.16.
   *
   * @return the count since the handle was made
   */
  public long statsBytesReceived() {
    return connection.statistics().bytesReceived();
  }

  /**
   * The number of protocol messages received so far: the magic of the server and reply headers.
   *
   * <p>Permitted in any state. {@code nbd_stats_chunks_received}, since libnbd 1.16.
   *
   * @return the count since the handle was made
   */
  public long statsChunksReceived() {
    return connection.statistics().chunksReceived();
  }

  // Settings.

  /**
   * Sets the name of the export to ask for; the default is the empty name.
   *
   * <p>Another name than before makes the handle forget what the server said of the export.
   * Oldstyle servers ignore it. ENAMETOOLONG if it is too long.
   *
   * <p>Permitted only while the handle is newly created or negotiating. {@code
   * nbd_set_export_name}, since libnbd 1.0.
   *
   * @param exportName the name, at most 4096 bytes of UTF-8, empty for the default export
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setExportName(String exportName) throws NbdException {
    Calls.notNull(ApiCall.SET_EXPORT_NAME, exportName, "export_name");
    calls.change(
        ApiCall.SET_EXPORT_NAME,
        () -> {
          Calls.checkLength(exportName, "export name");
          if (!exportName.equals(settings.exportName)) {
            settings.exportName = exportName;
            negotiated.forgetExport();
          }
        });
  }

  /**
   * The name of the export that is asked for, which need not be the canonical one of the server.
   *
   * <p>Permitted in any state. {@code nbd_get_export_name}, since libnbd 1.0.
   *
   * @return the name
   */
  public String getExportName() {
    lock.lock();
    try {
      return settings.exportName;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets whether the server is asked for its block sizes; the default is true.
   *
   * <p>Permitted only while the handle is newly created or negotiating. {@code
   * nbd_set_request_block_size}, since libnbd 1.12.
   *
   * @param request whether to
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setRequestBlockSize(boolean request) throws NbdException {
    calls.change(ApiCall.SET_REQUEST_BLOCK_SIZE, () -> settings.requestBlockSize = request);
  }

  /**
   * Whether the server is asked for its block sizes.
   *
   * <p>Permitted in any state. {@code nbd_get_request_block_size}, since libnbd 1.12.
   *
   * @return the setting
   */
  public boolean getRequestBlockSize() {
    lock.lock();
    try {
      return settings.requestBlockSize;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets whether the server is asked for the canonical name and the description of the export; the
   * default is false.
   *
   * <p>Permitted only while the handle is newly created or negotiating. {@code nbd_set_full_info},
   * since libnbd 1.4.
   *
   * @param request whether to
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setFullInfo(boolean request) throws NbdException {
    calls.change(ApiCall.SET_FULL_INFO, () -> settings.fullInfo = request);
  }

  /**
   * Whether the server is asked for the canonical name and the description of the export.
   *
   * <p>Permitted in any state. {@code nbd_get_full_info}, since libnbd 1.4.
   *
   * @return the setting
   */
  public boolean getFullInfo() {
    lock.lock();
    try {
      return settings.fullInfo;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets whether to use TLS; the default is not to.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_set_tls}, since libnbd 1.0.
   *
   * @param tls the mode
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setTls(TlsMode tls) throws NbdException {
    Calls.notNull(ApiCall.SET_TLS, tls, "tls");
    calls.change(
        ApiCall.SET_TLS,
        () -> {
          if (tls != TlsMode.DISABLE && !supportsTls()) {
            throw Failure.usage(Errno.ENOTSUP, NO_TLS);
          }
          settings.tls = tls;
        });
  }

  /**
   * Whether to use TLS.
   *
   * <p>Permitted in any state. {@code nbd_get_tls}, since libnbd 1.0.
   *
   * @return the mode
   */
  public TlsMode getTls() {
    lock.lock();
    try {
      return settings.tls;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets whether extended headers are negotiated when connecting; the default is true.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_set_request_extended_headers},
   * since libnbd 1.18.
   *
   * @param request whether to
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setRequestExtendedHeaders(boolean request) throws NbdException {
    calls.change(ApiCall.SET_REQUEST_EXTENDED_HEADERS, () -> settings.extendedHeaders = request);
  }

  /**
   * Whether extended headers are negotiated when connecting.
   *
   * <p>Permitted in any state. {@code nbd_get_request_extended_headers}, since libnbd 1.18.
   *
   * @return the setting
   */
  public boolean getRequestExtendedHeaders() {
    lock.lock();
    try {
      return settings.extendedHeaders;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets whether structured replies are negotiated when connecting; without them extended headers
   * are not tried either; the default is true.
   *
   * <p>Permitted only while the handle is newly created. {@code
   * nbd_set_request_structured_replies}, since libnbd 1.2.
   *
   * @param request whether to
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setRequestStructuredReplies(boolean request) throws NbdException {
    calls.change(
        ApiCall.SET_REQUEST_STRUCTURED_REPLIES, () -> settings.structuredReplies = request);
  }

  /**
   * Whether structured replies are negotiated when connecting; without them extended headers are
   * not tried either.
   *
   * <p>Permitted in any state. {@code nbd_get_request_structured_replies}, since libnbd 1.2.
   *
   * @return the setting
   */
  public boolean getRequestStructuredReplies() {
    lock.lock();
    try {
      return settings.structuredReplies;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets whether the meta contexts that were added are negotiated when connecting, and by optGo and
   * optInfo; the default is true.
   *
   * <p>Permitted only while the handle is newly created or negotiating. {@code
   * nbd_set_request_meta_context}, since libnbd 1.16.
   *
   * @param request whether to
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setRequestMetaContext(boolean request) throws NbdException {
    calls.change(ApiCall.SET_REQUEST_META_CONTEXT, () -> settings.requestMetaContext = request);
  }

  /**
   * Whether the meta contexts that were added are negotiated when connecting, and by optGo and
   * optInfo.
   *
   * <p>Permitted in any state. {@code nbd_get_request_meta_context}, since libnbd 1.16.
   *
   * @return the setting
   */
  public boolean getRequestMetaContext() {
    lock.lock();
    try {
      return settings.requestMetaContext;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets the handshake flags that the client is willing to agree to; the default is all.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_set_handshake_flags}, since
   * libnbd 1.2.
   *
   * @param flags bits of {@link HandshakeFlag}
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setHandshakeFlags(int flags) throws NbdException {
    calls.change(
        ApiCall.SET_HANDSHAKE_FLAGS,
        () -> {
          Calls.checkMask("flags", flags, HandshakeFlag.MASK);
          settings.handshakeFlags = flags;
        });
  }

  /**
   * The handshake flags: those that the client is willing to agree to, and once connected those
   * that both sides agreed to.
   *
   * <p>Permitted in any state. {@code nbd_get_handshake_flags}, since libnbd 1.2.
   *
   * @return bits of {@link HandshakeFlag}
   */
  public int getHandshakeFlags() {
    lock.lock();
    try {
      return negotiated.protocol.isEmpty()
          ? settings.handshakeFlags
          : negotiated.serverHandshakeFlags;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets whether every read clears its buffer first; the default is true.
   *
   * <p>Without it the content of the buffer is undefined after a read that failed.
   *
   * <p>Permitted in any state. {@code nbd_set_pread_initialize}, since libnbd 1.12.
   *
   * @param request whether to
   */
  public void setPreadInitialize(boolean request) {
    settings.preadInitialize = request;
  }

  /**
   * Whether every read clears its buffer first.
   *
   * <p>Permitted in any state. {@code nbd_get_pread_initialize}, since libnbd 1.12.
   *
   * @return the setting
   */
  public boolean getPreadInitialize() {
    return settings.preadInitialize;
  }

  /**
   * Sets which checks are made before a command is sent; the default is all.
   *
   * <p>Permitted in any state. {@code nbd_set_strict_mode}, since libnbd 1.6.
   *
   * @param flags bits of {@link StrictMode}
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setStrictMode(int flags) throws NbdException {
    calls.change(
        ApiCall.SET_STRICT_MODE,
        () -> {
          Calls.checkMask("flags", flags, StrictMode.MASK);
          settings.strictMode = flags;
        });
  }

  /**
   * Which checks are made before a command is sent.
   *
   * <p>Permitted in any state. {@code nbd_get_strict_mode}, since libnbd 1.6.
   *
   * @return bits of {@link StrictMode}
   */
  public int getStrictMode() {
    return settings.strictMode;
  }

  /**
   * Sets whether connecting pauses in negotiation, for the caller to choose options; the default is
   * false.
   *
   * <p>With an oldstyle server there is nothing to negotiate, and the handle is ready at once.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_set_opt_mode}, since libnbd
   * 1.4.
   *
   * @param enable whether to
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setOptMode(boolean enable) throws NbdException {
    calls.change(ApiCall.SET_OPT_MODE, () -> settings.optMode = enable);
  }

  /**
   * Whether connecting pauses in negotiation.
   *
   * <p>Permitted in any state. {@code nbd_get_opt_mode}, since libnbd 1.4.
   *
   * @return the setting
   */
  public boolean getOptMode() {
    lock.lock();
    try {
      return settings.optMode;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds a meta context to those that are asked for.
   *
   * <p>Permitted only while the handle is newly created or negotiating. {@code
   * nbd_add_meta_context}, since libnbd 1.0.
   *
   * @param name the name, at most 4096 bytes of UTF-8, for example {@code base:allocation}
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void addMetaContext(String name) throws NbdException {
    Calls.notNull(ApiCall.ADD_META_CONTEXT, name, "name");
    calls.change(
        ApiCall.ADD_META_CONTEXT,
        () -> {
          Calls.checkLength(name, "meta context name");
          settings.metaContexts.add(name);
        });
  }

  /**
   * The number of meta contexts that are asked for.
   *
   * <p>Permitted in any state. {@code nbd_get_nr_meta_contexts}, since libnbd 1.6.
   *
   * @return the number
   */
  public int getNrMetaContexts() {
    lock.lock();
    try {
      return settings.metaContexts.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * A meta context that is asked for, which the server need not have granted.
   *
   * <p>Permitted in any state. {@code nbd_get_meta_context}, since libnbd 1.6.
   *
   * @param i the index from 0
   * @return its name
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public String getMetaContext(int i) throws NbdException {
    return calls.query(
        ApiCall.GET_META_CONTEXT,
        () -> {
          if (i < 0 || i >= settings.metaContexts.size()) {
            throw Failure.usage(Errno.EINVAL, "meta context request out of range");
          }
          return settings.metaContexts.get(i);
        });
  }

  /**
   * Empties the list of meta contexts that are asked for; what was granted stays.
   *
   * <p>Permitted only while the handle is newly created or negotiating. {@code
   * nbd_clear_meta_contexts}, since libnbd 1.6.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void clearMetaContexts() throws NbdException {
    calls.change(ApiCall.CLEAR_META_CONTEXTS, settings.metaContexts::clear);
  }

  /**
   * Sets which transports a URI may ask for; the default is all.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_set_uri_allow_transports},
   * since libnbd 1.2.
   *
   * @param mask bits of {@link AllowTransport}
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setUriAllowTransports(int mask) throws NbdException {
    calls.change(
        ApiCall.SET_URI_ALLOW_TRANSPORTS,
        () -> {
          Calls.checkMask("mask", mask, AllowTransport.MASK);
          settings.uriTransports = mask;
        });
  }

  /**
   * Sets whether a URI may, or must, ask for TLS; the default is ALLOW.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_set_uri_allow_tls}, since
   * libnbd 1.2.
   *
   * @param tls DISABLE refuses URIs with TLS, REQUIRE those without
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setUriAllowTls(TlsMode tls) throws NbdException {
    Calls.notNull(ApiCall.SET_URI_ALLOW_TLS, tls, "tls");
    calls.change(ApiCall.SET_URI_ALLOW_TLS, () -> settings.uriTls = tls);
  }

  /**
   * Sets whether a URI may name local files; the default is false.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_set_uri_allow_local_file},
   * since libnbd 1.2.
   *
   * @param allow whether to
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setUriAllowLocalFile(boolean allow) throws NbdException {
    calls.change(ApiCall.SET_URI_ALLOW_LOCAL_FILE, () -> settings.uriLocalFile = allow);
  }

  /**
   * Sets the name that a server started by socket activation sees for its socket.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_set_socket_activation_name},
   * since libnbd 1.16.
   *
   * @param socketName up to 32 ASCII letters and digits, or empty
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void setSocketActivationName(String socketName) throws NbdException {
    Calls.notNull(ApiCall.SET_SOCKET_ACTIVATION_NAME, socketName, "socket_name");
    calls.change(
        ApiCall.SET_SOCKET_ACTIVATION_NAME,
        () -> {
          if (socketName.length() > MAX_SOCKET_NAME) {
            throw Failure.usage(Errno.ENAMETOOLONG, "socket_name is longer than 32 characters");
          }
          if (!ALPHANUMERIC.matcher(socketName).matches()) {
            throw Failure.usage(
                Errno.EINVAL, "socket_name contains characters that are not alphanumeric ASCII");
          }
          settings.socketActivationName = socketName;
        });
  }

  /**
   * The name that a server started by socket activation sees for its socket.
   *
   * <p>Permitted in any state. {@code nbd_get_socket_activation_name}, since libnbd 1.16.
   *
   * @return the name, empty if not set
   */
  public String getSocketActivationName() {
    lock.lock();
    try {
      return settings.socketActivationName;
    } finally {
      lock.unlock();
    }
  }

  // What was negotiated.

  /**
   * Whether the connection uses TLS.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_get_tls_negotiated}, since libnbd 1.2.
   *
   * @return true if it is encrypted
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean getTlsNegotiated() throws NbdException {
    return calls.query(ApiCall.GET_TLS_NEGOTIATED, () -> negotiated.tls);
  }

  /**
   * Whether extended headers were negotiated.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_get_extended_headers_negotiated}, since libnbd 1.18.
   *
   * @return true if they are in use
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean getExtendedHeadersNegotiated() throws NbdException {
    return calls.query(ApiCall.GET_EXTENDED_HEADERS_NEGOTIATED, () -> negotiated.extendedHeaders);
  }

  /**
   * Whether structured replies were negotiated; extended headers imply them.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_get_structured_replies_negotiated}, since libnbd 1.2.
   *
   * @return true if they are in use
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean getStructuredRepliesNegotiated() throws NbdException {
    return calls.query(
        ApiCall.GET_STRUCTURED_REPLIES_NEGOTIATED, () -> negotiated.structuredReplies);
  }

  /**
   * The variant of the handshake.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_get_protocol}, since libnbd 1.2.
   *
   * @return {@code oldstyle}, {@code newstyle} or {@code newstyle-fixed}
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public String getProtocol() throws NbdException {
    return calls.query(ApiCall.GET_PROTOCOL, () -> negotiated.protocol);
  }

  /**
   * The canonical name of the export as the server gave it.
   *
   * <p>ENOTSUP if the server sent none, which it does only if asked, see {@link #setFullInfo}.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_get_canonical_export_name}, since libnbd 1.4.
   *
   * @return the name
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public String getCanonicalExportName() throws NbdException {
    return calls.query(
        ApiCall.GET_CANONICAL_EXPORT_NAME,
        () -> advertised(negotiated.canonicalName(), "a canonical name"));
  }

  /**
   * The description of the export as the server gave it.
   *
   * <p>ENOTSUP if the server sent none, which it does only if asked, see {@link #setFullInfo}.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_get_export_description}, since libnbd 1.4.
   *
   * @return the description
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public String getExportDescription() throws NbdException {
    return calls.query(
        ApiCall.GET_EXPORT_DESCRIPTION,
        () -> advertised(negotiated.description(), "a description"));
  }

  /**
   * Whether the export is read-only.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_is_read_only}, since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean isReadOnly() throws NbdException {
    return flag(ApiCall.IS_READ_ONLY, TransmissionFlags.READ_ONLY);
  }

  /**
   * Whether the server can flush.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_can_flush}, since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canFlush() throws NbdException {
    return flag(ApiCall.CAN_FLUSH, TransmissionFlags.SEND_FLUSH);
  }

  /**
   * Whether the server knows the flag FUA.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code nbd_can_fua},
   * since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canFua() throws NbdException {
    return flag(ApiCall.CAN_FUA, TransmissionFlags.SEND_FUA);
  }

  /**
   * Whether the export behaves like a rotating disk.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_is_rotational}, since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean isRotational() throws NbdException {
    return flag(ApiCall.IS_ROTATIONAL, TransmissionFlags.ROTATIONAL);
  }

  /**
   * Whether the server can trim.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code nbd_can_trim},
   * since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canTrim() throws NbdException {
    return flag(ApiCall.CAN_TRIM, TransmissionFlags.SEND_TRIM);
  }

  /**
   * Whether the server can write zeroes efficiently.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code nbd_can_zero},
   * since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canZero() throws NbdException {
    return flag(ApiCall.CAN_ZERO, TransmissionFlags.SEND_WRITE_ZEROES);
  }

  /**
   * Whether the server knows the flag FAST_ZERO.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_can_fast_zero}, since libnbd 1.2.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canFastZero() throws NbdException {
    return flag(ApiCall.CAN_FAST_ZERO, TransmissionFlags.SEND_FAST_ZERO);
  }

  /**
   * Whether the server can filter block status by meta context.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_can_block_status_payload}, since libnbd 1.18.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canBlockStatusPayload() throws NbdException {
    return flag(ApiCall.CAN_BLOCK_STATUS_PAYLOAD, TransmissionFlags.BLOCK_STATUS_PAYLOAD);
  }

  /**
   * Whether the server knows the flag DF.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code nbd_can_df},
   * since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canDf() throws NbdException {
    return flag(ApiCall.CAN_DF, TransmissionFlags.SEND_DF);
  }

  /**
   * Whether several connections to the export see each other's flushed writes.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_can_multi_conn}, since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canMultiConn() throws NbdException {
    return flag(ApiCall.CAN_MULTI_CONN, TransmissionFlags.CAN_MULTI_CONN);
  }

  /**
   * Whether the server can prefetch.
   *
   * <p>EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_can_cache}, since libnbd 1.0.
   *
   * @return the answer of the server
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canCache() throws NbdException {
    return flag(ApiCall.CAN_CACHE, TransmissionFlags.SEND_CACHE);
  }

  /**
   * Whether the server granted a meta context.
   *
   * <p>EINVAL if contexts were asked for and no request for them has succeeded.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_can_meta_context}, since libnbd 1.0.
   *
   * @param metacontext the exact name
   * @return true if it can be used in block status
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean canMetaContext(String metacontext) throws NbdException {
    Calls.notNull(ApiCall.CAN_META_CONTEXT, metacontext, "metacontext");
    return calls.query(
        ApiCall.CAN_META_CONTEXT,
        () -> {
          requireExport();
          if (!negotiated.metaValid()) {
            throw Failure.usage(
                Errno.EINVAL, "need a successful server meta context request first");
          }
          for (Negotiated.MetaContext granted : negotiated.metaContexts()) {
            if (granted.name().equals(metacontext)) {
              return true;
            }
          }
          return false;
        });
  }

  /**
   * The size of the export in bytes.
   *
   * <p>EOVERFLOW if it does not fit 63 bits, EINVAL if the server has not described the export yet.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code nbd_get_size},
   * since libnbd 1.0.
   *
   * @return the size
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long getSize() throws NbdException {
    return calls.query(
        ApiCall.GET_SIZE,
        () -> {
          if (!negotiated.exportKnown()) {
            throw Failure.usage(
                Errno.EINVAL,
                "server has not returned export size, you need to connect to the server first");
          }
          if (negotiated.size() < 0) {
            throw Failure.usage(Errno.EOVERFLOW, "server claims size beyond 63 bits");
          }
          return negotiated.size();
        });
  }

  /**
   * A block size of the export in bytes.
   *
   * <p>Permitted only while the handle is negotiating or connected or closed. {@code
   * nbd_get_block_size}, since libnbd 1.4.
   *
   * @param sizeType which one
   * @return the size, 0 if the server advertised none; PAYLOAD is never 0
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long getBlockSize(BlockSize sizeType) throws NbdException {
    Calls.notNull(ApiCall.GET_BLOCK_SIZE, sizeType, "size_type");
    return calls.query(
        ApiCall.GET_BLOCK_SIZE,
        () -> {
          requireExport();
          return switch (sizeType) {
            case MINIMUM -> negotiated.blockMinimum();
            case PREFERRED -> negotiated.blockPreferred();
            case MAXIMUM -> negotiated.blockMaximum();
            case PAYLOAD -> (long) negotiated.payloadMaximum();
          };
        });
  }

  // Connecting.

  /**
   * Begins to connect to a server on a Unix socket.
   *
   * <p>ENAMETOOLONG for a path that is too long leaves the handle as new; any other failure leaves
   * it dead. Returns without waiting for the server: {@link #aioIsConnecting}, {@link #aioIsReady},
   * {@link #aioIsNegotiating} and {@link #aioIsDead} tell how far it is.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_aio_connect_unix}, since libnbd
   * 1.0.
   *
   * @param unixsocket the path, at most 107 bytes
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioConnectUnix(String unixsocket) throws NbdException {
    Calls.notNull(ApiCall.AIO_CONNECT_UNIX, unixsocket, "unixsocket");
    calls.drive(ApiCall.AIO_CONNECT_UNIX, () -> connection.connect(new Endpoint.Unix(unixsocket)));
  }

  /**
   * Connects to a server on a Unix socket.
   *
   * <p>ENAMETOOLONG for a path that is too long leaves the handle as new; any other failure leaves
   * it dead. Waits until the handle is ready, or negotiating in opt mode. If the thread is
   * interrupted the call fails with EINTR, and the connection goes on being made.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_connect_unix}, since libnbd
   * 1.0.
   *
   * @param unixsocket the path, at most 107 bytes
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void connectUnix(String unixsocket) throws NbdException {
    Calls.notNull(ApiCall.CONNECT_UNIX, unixsocket, "unixsocket");
    calls.drive(
        ApiCall.CONNECT_UNIX,
        () -> {
          connection.connect(new Endpoint.Unix(unixsocket));
          connection.awaitConnected();
        });
  }

  /**
   * Begins to connect to a server over TCP, trying each address of the host in turn.
   *
   * <p>Looking up the name may take its time even in the asynchronous form. If no address can be
   * reached, the error is that of the first, and the handle is as new. Returns without waiting for
   * the server: {@link #aioIsConnecting}, {@link #aioIsReady}, {@link #aioIsNegotiating} and {@link
   * #aioIsDead} tell how far it is.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_aio_connect_tcp}, since libnbd
   * 1.0.
   *
   * @param hostname a host name or address
   * @param port a port number or a service name
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioConnectTcp(String hostname, String port) throws NbdException {
    Calls.notNull(ApiCall.AIO_CONNECT_TCP, hostname, "hostname");
    Calls.notNull(ApiCall.AIO_CONNECT_TCP, port, "port");
    calls.drive(
        ApiCall.AIO_CONNECT_TCP, () -> connection.connect(new Endpoint.Tcp(hostname, port)));
  }

  /**
   * Connects to a server over TCP, trying each address of the host in turn.
   *
   * <p>Looking up the name may take its time even in the asynchronous form. If no address can be
   * reached, the error is that of the first, and the handle is as new. Waits until the handle is
   * ready, or negotiating in opt mode. If the thread is interrupted the call fails with EINTR, and
   * the connection goes on being made.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_connect_tcp}, since libnbd 1.0.
   *
   * @param hostname a host name or address
   * @param port a port number or a service name
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void connectTcp(String hostname, String port) throws NbdException {
    Calls.notNull(ApiCall.CONNECT_TCP, hostname, "hostname");
    Calls.notNull(ApiCall.CONNECT_TCP, port, "port");
    calls.drive(
        ApiCall.CONNECT_TCP,
        () -> {
          connection.connect(new Endpoint.Tcp(hostname, port));
          connection.awaitConnected();
        });
  }

  /**
   * Begins to connect over a channel that is connected already.
   *
   * <p>The handle takes the channel over, makes it non-blocking, and closes it, also when this call
   * fails. Returns without waiting for the server: {@link #aioIsConnecting}, {@link #aioIsReady},
   * {@link #aioIsNegotiating} and {@link #aioIsDead} tell how far it is.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_aio_connect_socket}, since
   * libnbd 1.2.
   *
   * @param sock a connected channel, TCP or Unix
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioConnectSocket(SocketChannel sock) throws NbdException {
    Calls.notNull(ApiCall.AIO_CONNECT_SOCKET, sock, "sock");
    calls.drive(ApiCall.AIO_CONNECT_SOCKET, () -> connection.connect(new Endpoint.Socket(sock)));
  }

  /**
   * Connects over a channel that is connected already.
   *
   * <p>The handle takes the channel over, makes it non-blocking, and closes it, also when this call
   * fails. Waits until the handle is ready, or negotiating in opt mode. If the thread is
   * interrupted the call fails with EINTR, and the connection goes on being made.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_connect_socket}, since libnbd
   * 1.2.
   *
   * @param sock a connected channel, TCP or Unix
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void connectSocket(SocketChannel sock) throws NbdException {
    Calls.notNull(ApiCall.CONNECT_SOCKET, sock, "sock");
    calls.drive(
        ApiCall.CONNECT_SOCKET,
        () -> {
          connection.connect(new Endpoint.Socket(sock));
          connection.awaitConnected();
        });
  }

  /**
   * Begins to connect to a server that is run as a subprocess, over its standard input and output.
   *
   * <p>The command is looked up in PATH and gets one end of a socket as its standard input and
   * output, this process's standard error stream, no other descriptor, and SIGPIPE at its default.
   * {@link #close} closes the socket and waits for it, see {@link #setSubprocessGrace}. EINVAL if
   * argv is empty; if the command can't be run the error is that of the system and the handle is
   * dead; a command that ends without a word is an error with its exit status. Returns without
   * waiting for the server: {@link #aioIsConnecting}, {@link #aioIsReady}, {@link
   * #aioIsNegotiating} and {@link #aioIsDead} tell how far it is.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_aio_connect_command}, since
   * libnbd 1.0.
   *
   * @param argv the command and its arguments
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioConnectCommand(List<String> argv) throws NbdException {
    Calls.notNull(ApiCall.AIO_CONNECT_COMMAND, argv, "argv");
    checkCommand(ApiCall.AIO_CONNECT_COMMAND, argv);
    calls.drive(
        ApiCall.AIO_CONNECT_COMMAND,
        () -> connection.connect(new Endpoint.Command(List.copyOf(argv))));
  }

  /**
   * Connects to a server that is run as a subprocess, over its standard input and output.
   *
   * <p>The command is looked up in PATH and gets one end of a socket as its standard input and
   * output, this process's standard error stream, no other descriptor, and SIGPIPE at its default.
   * {@link #close} closes the socket and waits for it, see {@link #setSubprocessGrace}. EINVAL if
   * argv is empty; if the command can't be run the error is that of the system and the handle is
   * dead; a command that ends without a word is an error with its exit status. Waits until the
   * handle is ready, or negotiating in opt mode. If the thread is interrupted the call fails with
   * EINTR, and the connection goes on being made.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_connect_command}, since libnbd
   * 1.0.
   *
   * @param argv the command and its arguments
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void connectCommand(List<String> argv) throws NbdException {
    Calls.notNull(ApiCall.CONNECT_COMMAND, argv, "argv");
    checkCommand(ApiCall.CONNECT_COMMAND, argv);
    calls.drive(
        ApiCall.CONNECT_COMMAND,
        () -> {
          connection.connect(new Endpoint.Command(List.copyOf(argv)));
          connection.awaitConnected();
        });
  }

  /**
   * Begins to connect to a server that is run as a subprocess with the systemd socket activation
   * protocol.
   *
   * <p>The command gets a listening Unix socket in a private temporary directory as descriptor 3,
   * and LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES in its environment. {@link #close} sends it
   * SIGTERM and waits for it, see {@link #setSubprocessGrace}, and removes the directory. Returns
   * without waiting for the server: {@link #aioIsConnecting}, {@link #aioIsReady}, {@link
   * #aioIsNegotiating} and {@link #aioIsDead} tell how far it is.
   *
   * <p>Permitted only while the handle is newly created. {@code
   * nbd_aio_connect_systemd_socket_activation}, since libnbd 1.2.
   *
   * @param argv the command and its arguments
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioConnectSystemdSocketActivation(List<String> argv) throws NbdException {
    Calls.notNull(ApiCall.AIO_CONNECT_SYSTEMD_SOCKET_ACTIVATION, argv, "argv");
    checkCommand(ApiCall.AIO_CONNECT_SYSTEMD_SOCKET_ACTIVATION, argv);
    calls.drive(
        ApiCall.AIO_CONNECT_SYSTEMD_SOCKET_ACTIVATION, () -> connection.connect(activation(argv)));
  }

  /**
   * Connects to a server that is run as a subprocess with the systemd socket activation protocol.
   *
   * <p>The command gets a listening Unix socket in a private temporary directory as descriptor 3,
   * and LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES in its environment. {@link #close} sends it
   * SIGTERM and waits for it, see {@link #setSubprocessGrace}, and removes the directory. Waits
   * until the handle is ready, or negotiating in opt mode. If the thread is interrupted the call
   * fails with EINTR, and the connection goes on being made.
   *
   * <p>Permitted only while the handle is newly created. {@code
   * nbd_connect_systemd_socket_activation}, since libnbd 1.2.
   *
   * @param argv the command and its arguments
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void connectSystemdSocketActivation(List<String> argv) throws NbdException {
    Calls.notNull(ApiCall.CONNECT_SYSTEMD_SOCKET_ACTIVATION, argv, "argv");
    checkCommand(ApiCall.CONNECT_SYSTEMD_SOCKET_ACTIVATION, argv);
    calls.drive(
        ApiCall.CONNECT_SYSTEMD_SOCKET_ACTIVATION,
        () -> {
          connection.connect(activation(argv));
          connection.awaitConnected();
        });
  }

  /**
   * Begins to connect to a socket address.
   *
   * <p>Returns without waiting for the server: {@link #aioIsConnecting} and the other state queries
   * tell how far it is.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_aio_connect}, since libnbd 1.0.
   *
   * @param addr a TCP or Unix socket address
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioConnect(SocketAddress addr) throws NbdException {
    Calls.notNull(ApiCall.AIO_CONNECT, addr, "addr");
    calls.drive(ApiCall.AIO_CONNECT, () -> connection.connect(new Endpoint.Address(addr)));
  }

  /**
   * Connects to the server and export that a URI names.
   *
   * <p>The schemes are {@code nbd} and {@code nbd+unix}. EINVAL if the URI is not one, EPERM if it
   * asks for what {@link #setUriAllowTransports} and the like forbid; the handle is then as new.
   * Waits until the handle is ready, or negotiating in opt mode.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_connect_uri}, since libnbd 1.0.
   *
   * @param uri the URI
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void connectUri(String uri) throws NbdException {
    Calls.notNull(ApiCall.CONNECT_URI, uri, "uri");
    calls.drive(
        ApiCall.CONNECT_URI,
        () -> {
          connection.connect(uris.endpoint(uri));
          connection.awaitConnected();
        });
  }

  /**
   * Begins to connect to the server and export that a URI names.
   *
   * <p>As {@link #connectUri}, without waiting for the server.
   *
   * <p>Permitted only while the handle is newly created. {@code nbd_aio_connect_uri}, since libnbd
   * 1.0.
   *
   * @param uri the URI
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioConnectUri(String uri) throws NbdException {
    Calls.notNull(ApiCall.AIO_CONNECT_URI, uri, "uri");
    calls.drive(ApiCall.AIO_CONNECT_URI, () -> connection.connect(uris.endpoint(uri)));
  }

  /**
   * Whether a text begins as an NBD URI does.
   *
   * <p>Permitted in any state. {@code nbd_is_uri}, since libnbd 1.22.
   *
   * @param uri any text
   * @return true for a known scheme followed by {@code ://}
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public static boolean isUri(String uri) throws NbdException {
    Calls.notNull(ApiCall.IS_URI, uri, "uri");
    return NbdUri.isUri(uri);
  }

  /**
   * A URI for the connection that others could use.
   *
   * <p>EINVAL for a connection that no URI can name, such as one to a subprocess.
   *
   * <p>Permitted only while the handle is connecting or negotiating or connected or closed or dead.
   * {@code nbd_get_uri}, since libnbd 1.8.
   *
   * @return the URI
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public String getUri() throws NbdException {
    return calls.query(ApiCall.GET_URI, uris::current);
  }

  /**
   * Sends a signal to the subprocess.
   *
   * <p>ESRCH if there is none.
   *
   * <p>Permitted in any state. {@code nbd_kill_subprocess}, since libnbd 1.0.
   *
   * @param signum the number of the signal, 0 for SIGTERM
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void killSubprocess(int signum) throws NbdException {
    calls.drive(
        ApiCall.KILL_SUBPROCESS,
        () -> {
          if (signum < 0) {
            throw Failure.usage(Errno.EINVAL, "invalid signal number: " + signum);
          }
          Subprocess child = subprocess();
          try {
            child.kill(signum == 0 ? SIGTERM : signum);
          } catch (PosixException e) {
            throw new Failure(NbdException.Kind.TRANSPORT, e.errno(), "kill", e);
          }
        });
  }

  /**
   * The process id of the subprocess.
   *
   * <p>ESRCH if there is none.
   *
   * <p>Permitted in any state. {@code nbd_get_subprocess_pid}, since libnbd 1.22.
   *
   * @return the process id
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long getSubprocessPid() throws NbdException {
    return calls.driven(ApiCall.GET_SUBPROCESS_PID, () -> subprocess().pid());
  }

  // Options.

  /**
   * Asks for the export and, if the server agrees, begins transmission.
   *
   * <p>If the server refuses, the handle is negotiating again and another name may be tried.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_go}, since libnbd 1.4.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void optGo() throws NbdException {
    calls.drive(ApiCall.OPT_GO, () -> options.run(new Operation.Go(null)));
  }

  /**
   * Asks for the export and, if the server agrees, begins transmission, without waiting for the
   * answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_aio_opt_go}, since libnbd 1.4.
   *
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptGo(@Nullable CompletionCallback completion) throws NbdException {
    calls.drive(ApiCall.AIO_OPT_GO, () -> connection.begin(new Operation.Go(completion)));
  }

  /**
   * Asks the server about the export, and stays in negotiation.
   *
   * <p>If the server refuses, the handle has forgotten what it knew of the export.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_info}, since libnbd 1.4.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void optInfo() throws NbdException {
    calls.drive(ApiCall.OPT_INFO, () -> options.run(new Operation.GetInfo(null)));
  }

  /**
   * Asks the server about the export, and stays in negotiation, without waiting for the answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_aio_opt_info}, since libnbd 1.4.
   *
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptInfo(@Nullable CompletionCallback completion) throws NbdException {
    calls.drive(ApiCall.AIO_OPT_INFO, () -> connection.begin(new Operation.GetInfo(completion)));
  }

  /**
   * Ends the connection in the midst of negotiation.
   *
   * <p>The handle is closed afterwards.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_abort}, since libnbd 1.4.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void optAbort() throws NbdException {
    calls.drive(ApiCall.OPT_ABORT, () -> options.abort());
  }

  /**
   * Ends the connection in the midst of negotiation, without waiting.
   *
   * <p>The handle will be closed.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_aio_opt_abort}, since libnbd 1.4.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptAbort() throws NbdException {
    calls.drive(ApiCall.AIO_OPT_ABORT, () -> connection.begin(new Operation.Abort()));
  }

  /**
   * Asks for extended headers.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_extended_headers}, since
   * libnbd 1.18.
   *
   * @return whether the server agreed
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean optExtendedHeaders() throws NbdException {
    return calls.driven(
        ApiCall.OPT_EXTENDED_HEADERS, () -> options.agreed(new Operation.ExtendedHeaders(null)));
  }

  /**
   * Asks for extended headers, without waiting for the answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_aio_opt_extended_headers}, since
   * libnbd 1.18.
   *
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptExtendedHeaders(@Nullable CompletionCallback completion) throws NbdException {
    calls.drive(
        ApiCall.AIO_OPT_EXTENDED_HEADERS,
        () -> connection.begin(new Operation.ExtendedHeaders(completion)));
  }

  /**
   * Asks for structured replies.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_structured_reply}, since
   * libnbd 1.16.
   *
   * @return whether the server agreed
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public boolean optStructuredReply() throws NbdException {
    return calls.driven(
        ApiCall.OPT_STRUCTURED_REPLY, () -> options.agreed(new Operation.StructuredReply(null)));
  }

  /**
   * Asks for structured replies, without waiting for the answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_aio_opt_structured_reply}, since
   * libnbd 1.16.
   *
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptStructuredReply(@Nullable CompletionCallback completion) throws NbdException {
    calls.drive(
        ApiCall.AIO_OPT_STRUCTURED_REPLY,
        () -> connection.begin(new Operation.StructuredReply(completion)));
  }

  /**
   * Lists the exports of the server.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_list}, since libnbd 1.4.
   *
   * @param list called for each export
   * @return the number of exports
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public int optList(ListCallback list) throws NbdException {
    Calls.notNull(ApiCall.OPT_LIST, list, "list");
    return calls.driven(
        ApiCall.OPT_LIST, () -> options.count(new Operation.ListExports(list, null)));
  }

  /**
   * Lists the exports of the server, without waiting for the answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_aio_opt_list}, since libnbd 1.4.
   *
   * @param list called for each export
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptList(ListCallback list, @Nullable CompletionCallback completion)
      throws NbdException {
    Calls.notNull(ApiCall.AIO_OPT_LIST, list, "list");
    calls.drive(
        ApiCall.AIO_OPT_LIST, () -> connection.begin(new Operation.ListExports(list, completion)));
  }

  /**
   * Lists the meta contexts that the server has, out of those that were added.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_list_meta_context}, since
   * libnbd 1.6.
   *
   * @param context called for each meta context
   * @return the number of contexts
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public int optListMetaContext(ContextCallback context) throws NbdException {
    Calls.notNull(ApiCall.OPT_LIST_META_CONTEXT, context, "context");
    return calls.driven(
        ApiCall.OPT_LIST_META_CONTEXT,
        () -> options.count(new Operation.MetaContexts(false, options.added(), context, null)));
  }

  /**
   * Lists the meta contexts that the server has, out of those that were added, without waiting for
   * the answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_aio_opt_list_meta_context}, since
   * libnbd 1.6.
   *
   * @param context called for each meta context
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptListMetaContext(
      ContextCallback context, @Nullable CompletionCallback completion) throws NbdException {
    Calls.notNull(ApiCall.AIO_OPT_LIST_META_CONTEXT, context, "context");
    calls.drive(
        ApiCall.AIO_OPT_LIST_META_CONTEXT,
        () ->
            connection.begin(
                new Operation.MetaContexts(false, options.added(), context, completion)));
  }

  /**
   * Lists the meta contexts that the server has, out of some.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_list_meta_context_queries},
   * since libnbd 1.16.
   *
   * @param queries what to ask for; an empty list asks for everything
   * @param context called for each meta context
   * @return the number of contexts
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public int optListMetaContextQueries(List<String> queries, ContextCallback context)
      throws NbdException {
    Calls.notNull(ApiCall.OPT_LIST_META_CONTEXT_QUERIES, queries, "queries");
    Calls.notNull(ApiCall.OPT_LIST_META_CONTEXT_QUERIES, context, "context");
    return calls.driven(
        ApiCall.OPT_LIST_META_CONTEXT_QUERIES,
        () ->
            options.count(new Operation.MetaContexts(false, List.copyOf(queries), context, null)));
  }

  /**
   * Lists the meta contexts that the server has, out of some, without waiting for the answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code
   * nbd_aio_opt_list_meta_context_queries}, since libnbd 1.16.
   *
   * @param queries what to ask for; an empty list asks for everything
   * @param context called for each meta context
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptListMetaContextQueries(
      List<String> queries, ContextCallback context, @Nullable CompletionCallback completion)
      throws NbdException {
    Calls.notNull(ApiCall.AIO_OPT_LIST_META_CONTEXT_QUERIES, queries, "queries");
    Calls.notNull(ApiCall.AIO_OPT_LIST_META_CONTEXT_QUERIES, context, "context");
    calls.drive(
        ApiCall.AIO_OPT_LIST_META_CONTEXT_QUERIES,
        () ->
            connection.begin(
                new Operation.MetaContexts(false, List.copyOf(queries), context, completion)));
  }

  /**
   * Selects the meta contexts that were added.
   *
   * <p>To keep them across {@link #optGo}, turn {@link #setRequestMetaContext} off.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_set_meta_context}, since
   * libnbd 1.16.
   *
   * @param context called for each meta context
   * @return the number of contexts that the server granted
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public int optSetMetaContext(ContextCallback context) throws NbdException {
    Calls.notNull(ApiCall.OPT_SET_META_CONTEXT, context, "context");
    return calls.driven(
        ApiCall.OPT_SET_META_CONTEXT,
        () -> options.count(new Operation.MetaContexts(true, options.added(), context, null)));
  }

  /**
   * Selects the meta contexts that were added, without waiting for the answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_aio_opt_set_meta_context}, since
   * libnbd 1.16.
   *
   * @param context called for each meta context
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptSetMetaContext(ContextCallback context, @Nullable CompletionCallback completion)
      throws NbdException {
    Calls.notNull(ApiCall.AIO_OPT_SET_META_CONTEXT, context, "context");
    calls.drive(
        ApiCall.AIO_OPT_SET_META_CONTEXT,
        () ->
            connection.begin(
                new Operation.MetaContexts(true, options.added(), context, completion)));
  }

  /**
   * Selects some meta contexts.
   *
   * <p>Permitted only while the handle is negotiating. {@code nbd_opt_set_meta_context_queries},
   * since libnbd 1.16.
   *
   * @param queries what to ask for; an empty list asks for everything
   * @param context called for each meta context
   * @return the number of contexts that the server granted
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public int optSetMetaContextQueries(List<String> queries, ContextCallback context)
      throws NbdException {
    Calls.notNull(ApiCall.OPT_SET_META_CONTEXT_QUERIES, queries, "queries");
    Calls.notNull(ApiCall.OPT_SET_META_CONTEXT_QUERIES, context, "context");
    return calls.driven(
        ApiCall.OPT_SET_META_CONTEXT_QUERIES,
        () -> options.count(new Operation.MetaContexts(true, List.copyOf(queries), context, null)));
  }

  /**
   * Selects some meta contexts, without waiting for the answer.
   *
   * <p>The handle is connecting until the answer has come.
   *
   * <p>Permitted only while the handle is negotiating. {@code
   * nbd_aio_opt_set_meta_context_queries}, since libnbd 1.16.
   *
   * @param queries what to ask for; an empty list asks for everything
   * @param context called for each meta context
   * @param completion called when the option has ended, with 0 or an error number, or null
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioOptSetMetaContextQueries(
      List<String> queries, ContextCallback context, @Nullable CompletionCallback completion)
      throws NbdException {
    Calls.notNull(ApiCall.AIO_OPT_SET_META_CONTEXT_QUERIES, queries, "queries");
    Calls.notNull(ApiCall.AIO_OPT_SET_META_CONTEXT_QUERIES, context, "context");
    calls.drive(
        ApiCall.AIO_OPT_SET_META_CONTEXT_QUERIES,
        () ->
            connection.begin(
                new Operation.MetaContexts(true, List.copyOf(queries), context, completion)));
  }

  // Commands.

  /**
   * Reads from the export.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_pread}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void pread(ByteBuffer buf, long offset) throws NbdException {
    pread(buf, offset, CommandFlags.NONE);
  }

  /**
   * Reads from the export.
   *
   * <p>When the read succeeds the position of the buffer is its limit; when it fails position and
   * limit are as they were. Until then the buffer belongs to the library. If the thread is
   * interrupted while it waits, the call fails with EINTR and the reply is thrown away when it
   * comes, unless the thread was the only user of the handle: then the connection is closed and the
   * handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_pread}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @param flags none is defined
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void pread(ByteBuffer buf, long offset, CommandFlags flags) throws NbdException {
    data.read(ApiCall.PREAD, buf, offset, null, flags, CommandFlags.NONE);
  }

  /**
   * Reads from the export, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pread}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPread(ByteBuffer buf, long offset) throws NbdException {
    return aioPread(buf, offset, null, CommandFlags.NONE);
  }

  /**
   * Reads from the export, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pread}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPread(ByteBuffer buf, long offset, @Nullable CompletionCallback completion)
      throws NbdException {
    return aioPread(buf, offset, completion, CommandFlags.NONE);
  }

  /**
   * Reads from the export, without waiting.
   *
   * <p>When the read succeeds the position of the buffer is its limit; when it fails position and
   * limit are as they were. Until then the buffer belongs to the library. The command is queued and
   * sent as far as the socket takes it; drive the handle by {@link #poll} or an event loop. Without
   * a callback, or if that returns false, {@link #aioCommandCompleted} tells the result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pread}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @param flags none is defined
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPread(
      ByteBuffer buf, long offset, @Nullable CompletionCallback completion, CommandFlags flags)
      throws NbdException {
    return data.aioRead(ApiCall.AIO_PREAD, buf, offset, null, completion, flags, CommandFlags.NONE);
  }

  /**
   * Reads from the export, and tells which pieces were data, holes and errors.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_pread_structured}, since libnbd
   * 1.0. Protocol specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @param chunk called for each piece, in any order
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void preadStructured(ByteBuffer buf, long offset, ChunkCallback chunk)
      throws NbdException {
    preadStructured(buf, offset, chunk, CommandFlags.NONE);
  }

  /**
   * Reads from the export, and tells which pieces were data, holes and errors.
   *
   * <p>When the read succeeds the position of the buffer is its limit; when it fails position and
   * limit are as they were. Until then the buffer belongs to the library. If the thread is
   * interrupted while it waits, the call fails with EINTR and the reply is thrown away when it
   * comes, unless the thread was the only user of the handle: then the connection is closed and the
   * handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_pread_structured}, since libnbd
   * 1.0. Protocol specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @param chunk called for each piece, in any order
   * @param flags DF
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void preadStructured(ByteBuffer buf, long offset, ChunkCallback chunk, CommandFlags flags)
      throws NbdException {
    Calls.notNull(ApiCall.PREAD_STRUCTURED, chunk, "chunk");
    data.read(ApiCall.PREAD_STRUCTURED, buf, offset, chunk, flags, CommandFlags.DF);
  }

  /**
   * Reads from the export, and tells which pieces were data, holes and errors, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pread_structured}, since libnbd
   * 1.0. Protocol specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @param chunk called for each piece, in any order
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPreadStructured(ByteBuffer buf, long offset, ChunkCallback chunk)
      throws NbdException {
    return aioPreadStructured(buf, offset, chunk, null, CommandFlags.NONE);
  }

  /**
   * Reads from the export, and tells which pieces were data, holes and errors, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pread_structured}, since libnbd
   * 1.0. Protocol specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @param chunk called for each piece, in any order
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPreadStructured(
      ByteBuffer buf, long offset, ChunkCallback chunk, @Nullable CompletionCallback completion)
      throws NbdException {
    return aioPreadStructured(buf, offset, chunk, completion, CommandFlags.NONE);
  }

  /**
   * Reads from the export, and tells which pieces were data, holes and errors, without waiting.
   *
   * <p>When the read succeeds the position of the buffer is its limit; when it fails position and
   * limit are as they were. Until then the buffer belongs to the library. The command is queued and
   * sent as far as the socket takes it; drive the handle by {@link #poll} or an event loop. Without
   * a callback, or if that returns false, {@link #aioCommandCompleted} tells the result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pread_structured}, since libnbd
   * 1.0. Protocol specification: {@code NBD_CMD_READ}.
   *
   * @param buf where the data goes, heap or direct; its remaining bytes are the length of the read,
   *     at most 64 MiB
   * @param offset where in the export, in bytes
   * @param chunk called for each piece, in any order
   * @param completion called when the command has ended, or null
   * @param flags DF
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPreadStructured(
      ByteBuffer buf,
      long offset,
      ChunkCallback chunk,
      @Nullable CompletionCallback completion,
      CommandFlags flags)
      throws NbdException {
    Calls.notNull(ApiCall.AIO_PREAD_STRUCTURED, chunk, "chunk");
    return data.aioRead(
        ApiCall.AIO_PREAD_STRUCTURED, buf, offset, chunk, completion, flags, CommandFlags.DF);
  }

  /**
   * Writes to the export.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_pwrite}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_WRITE}.
   *
   * @param buf the data, heap or direct; its remaining bytes are the length of the write, at most
   *     64 MiB
   * @param offset where in the export, in bytes
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void pwrite(ByteBuffer buf, long offset) throws NbdException {
    pwrite(buf, offset, CommandFlags.NONE);
  }

  /**
   * Writes to the export.
   *
   * <p>When the write succeeds the position of the buffer is its limit; when it fails position and
   * limit are as they were. Until then the buffer must not be changed. ENOSPC past the end of the
   * export, EPERM if it is read-only, ERANGE if it is more than the server takes. If the thread is
   * interrupted while it waits, the call fails with EINTR and the reply is thrown away when it
   * comes, unless the thread was the only user of the handle: then the connection is closed and the
   * handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_pwrite}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_WRITE}.
   *
   * @param buf the data, heap or direct; its remaining bytes are the length of the write, at most
   *     64 MiB
   * @param offset where in the export, in bytes
   * @param flags FUA, PAYLOAD_LEN
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void pwrite(ByteBuffer buf, long offset, CommandFlags flags) throws NbdException {
    data.run(ApiCall.PWRITE, data.write(ApiCall.PWRITE, buf, offset, flags));
  }

  /**
   * Writes to the export, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pwrite}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_WRITE}.
   *
   * @param buf the data, heap or direct; its remaining bytes are the length of the write, at most
   *     64 MiB
   * @param offset where in the export, in bytes
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPwrite(ByteBuffer buf, long offset) throws NbdException {
    return aioPwrite(buf, offset, null, CommandFlags.NONE);
  }

  /**
   * Writes to the export, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pwrite}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_WRITE}.
   *
   * @param buf the data, heap or direct; its remaining bytes are the length of the write, at most
   *     64 MiB
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPwrite(ByteBuffer buf, long offset, @Nullable CompletionCallback completion)
      throws NbdException {
    return aioPwrite(buf, offset, completion, CommandFlags.NONE);
  }

  /**
   * Writes to the export, without waiting.
   *
   * <p>When the write succeeds the position of the buffer is its limit; when it fails position and
   * limit are as they were. Until then the buffer must not be changed. ENOSPC past the end of the
   * export, EPERM if it is read-only, ERANGE if it is more than the server takes. The command is
   * queued and sent as far as the socket takes it; drive the handle by {@link #poll} or an event
   * loop. Without a callback, or if that returns false, {@link #aioCommandCompleted} tells the
   * result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_pwrite}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_WRITE}.
   *
   * @param buf the data, heap or direct; its remaining bytes are the length of the write, at most
   *     64 MiB
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @param flags FUA, PAYLOAD_LEN
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPwrite(
      ByteBuffer buf, long offset, @Nullable CompletionCallback completion, CommandFlags flags)
      throws NbdException {
    return data.start(
        ApiCall.AIO_PWRITE, data.write(ApiCall.AIO_PWRITE, buf, offset, flags), completion);
  }

  /**
   * Makes all completed writes durable.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_flush}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_FLUSH}.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void flush() throws NbdException {
    flush(CommandFlags.NONE);
  }

  /**
   * Makes all completed writes durable.
   *
   * <p>EINVAL if the server can't. If the thread is interrupted while it waits, the call fails with
   * EINTR and the reply is thrown away when it comes, unless the thread was the only user of the
   * handle: then the connection is closed and the handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_flush}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_FLUSH}.
   *
   * @param flags none is defined
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void flush(CommandFlags flags) throws NbdException {
    data.run(
        ApiCall.FLUSH, data.command(ApiCall.FLUSH, Commands.FLUSH, 0, 0, flags, CommandFlags.NONE));
  }

  /**
   * Makes all completed writes durable, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_flush}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_FLUSH}.
   *
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioFlush() throws NbdException {
    return aioFlush(null, CommandFlags.NONE);
  }

  /**
   * Makes all completed writes durable, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_flush}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_FLUSH}.
   *
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioFlush(@Nullable CompletionCallback completion) throws NbdException {
    return aioFlush(completion, CommandFlags.NONE);
  }

  /**
   * Makes all completed writes durable, without waiting.
   *
   * <p>EINVAL if the server can't. The command is queued and sent as far as the socket takes it;
   * drive the handle by {@link #poll} or an event loop. Without a callback, or if that returns
   * false, {@link #aioCommandCompleted} tells the result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_flush}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_FLUSH}.
   *
   * @param completion called when the command has ended, or null
   * @param flags none is defined
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioFlush(@Nullable CompletionCallback completion, CommandFlags flags)
      throws NbdException {
    return data.start(
        ApiCall.AIO_FLUSH,
        data.command(ApiCall.AIO_FLUSH, Commands.FLUSH, 0, 0, flags, CommandFlags.NONE),
        completion);
  }

  /**
   * Gives a range up: its content is undefined afterwards.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_trim}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_TRIM}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void trim(long count, long offset) throws NbdException {
    trim(count, offset, CommandFlags.NONE);
  }

  /**
   * Gives a range up: its content is undefined afterwards.
   *
   * <p>EINVAL if the server can't, ENOSPC past the end of the export, EPERM if it is read-only. If
   * the thread is interrupted while it waits, the call fails with EINTR and the reply is thrown
   * away when it comes, unless the thread was the only user of the handle: then the connection is
   * closed and the handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_trim}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_TRIM}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param flags FUA
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void trim(long count, long offset, CommandFlags flags) throws NbdException {
    data.run(
        ApiCall.TRIM,
        data.command(ApiCall.TRIM, Commands.TRIM, count, offset, flags, CommandFlags.FUA));
  }

  /**
   * Gives a range up: its content is undefined afterwards, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_trim}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_TRIM}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioTrim(long count, long offset) throws NbdException {
    return aioTrim(count, offset, null, CommandFlags.NONE);
  }

  /**
   * Gives a range up: its content is undefined afterwards, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_trim}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_TRIM}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioTrim(long count, long offset, @Nullable CompletionCallback completion)
      throws NbdException {
    return aioTrim(count, offset, completion, CommandFlags.NONE);
  }

  /**
   * Gives a range up: its content is undefined afterwards, without waiting.
   *
   * <p>EINVAL if the server can't, ENOSPC past the end of the export, EPERM if it is read-only. The
   * command is queued and sent as far as the socket takes it; drive the handle by {@link #poll} or
   * an event loop. Without a callback, or if that returns false, {@link #aioCommandCompleted} tells
   * the result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_trim}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_TRIM}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @param flags FUA
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioTrim(
      long count, long offset, @Nullable CompletionCallback completion, CommandFlags flags)
      throws NbdException {
    return data.start(
        ApiCall.AIO_TRIM,
        data.command(ApiCall.AIO_TRIM, Commands.TRIM, count, offset, flags, CommandFlags.FUA),
        completion);
  }

  /**
   * Asks the server to prefetch a range.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_cache}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_CACHE}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void cache(long count, long offset) throws NbdException {
    cache(count, offset, CommandFlags.NONE);
  }

  /**
   * Asks the server to prefetch a range.
   *
   * <p>EINVAL if the server can't. If the thread is interrupted while it waits, the call fails with
   * EINTR and the reply is thrown away when it comes, unless the thread was the only user of the
   * handle: then the connection is closed and the handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_cache}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_CACHE}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param flags none is defined
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void cache(long count, long offset, CommandFlags flags) throws NbdException {
    data.run(
        ApiCall.CACHE,
        data.command(ApiCall.CACHE, Commands.CACHE, count, offset, flags, CommandFlags.NONE));
  }

  /**
   * Asks the server to prefetch a range, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_cache}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_CACHE}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioCache(long count, long offset) throws NbdException {
    return aioCache(count, offset, null, CommandFlags.NONE);
  }

  /**
   * Asks the server to prefetch a range, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_cache}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_CACHE}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioCache(long count, long offset, @Nullable CompletionCallback completion)
      throws NbdException {
    return aioCache(count, offset, completion, CommandFlags.NONE);
  }

  /**
   * Asks the server to prefetch a range, without waiting.
   *
   * <p>EINVAL if the server can't. The command is queued and sent as far as the socket takes it;
   * drive the handle by {@link #poll} or an event loop. Without a callback, or if that returns
   * false, {@link #aioCommandCompleted} tells the result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_cache}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_CACHE}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @param flags none is defined
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioCache(
      long count, long offset, @Nullable CompletionCallback completion, CommandFlags flags)
      throws NbdException {
    return data.start(
        ApiCall.AIO_CACHE,
        data.command(ApiCall.AIO_CACHE, Commands.CACHE, count, offset, flags, CommandFlags.NONE),
        completion);
  }

  /**
   * Writes zeroes without sending them.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_zero}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_WRITE_ZEROES}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void zero(long count, long offset) throws NbdException {
    zero(count, offset, CommandFlags.NONE);
  }

  /**
   * Writes zeroes without sending them.
   *
   * <p>EINVAL if the server can't, ENOSPC past the end of the export, EPERM if it is read-only. If
   * the thread is interrupted while it waits, the call fails with EINTR and the reply is thrown
   * away when it comes, unless the thread was the only user of the handle: then the connection is
   * closed and the handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_zero}, since libnbd 1.0. Protocol
   * specification: {@code NBD_CMD_WRITE_ZEROES}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param flags FUA, NO_HOLE, FAST_ZERO
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void zero(long count, long offset, CommandFlags flags) throws NbdException {
    data.run(
        ApiCall.ZERO,
        data.command(ApiCall.ZERO, Commands.WRITE_ZEROES, count, offset, flags, ZERO_FLAGS));
  }

  /**
   * Writes zeroes without sending them, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_zero}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_WRITE_ZEROES}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioZero(long count, long offset) throws NbdException {
    return aioZero(count, offset, null, CommandFlags.NONE);
  }

  /**
   * Writes zeroes without sending them, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_zero}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_WRITE_ZEROES}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioZero(long count, long offset, @Nullable CompletionCallback completion)
      throws NbdException {
    return aioZero(count, offset, completion, CommandFlags.NONE);
  }

  /**
   * Writes zeroes without sending them, without waiting.
   *
   * <p>EINVAL if the server can't, ENOSPC past the end of the export, EPERM if it is read-only. The
   * command is queued and sent as far as the socket takes it; drive the handle by {@link #poll} or
   * an event loop. Without a callback, or if that returns false, {@link #aioCommandCompleted} tells
   * the result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_zero}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_WRITE_ZEROES}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param completion called when the command has ended, or null
   * @param flags FUA, NO_HOLE, FAST_ZERO
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioZero(
      long count, long offset, @Nullable CompletionCallback completion, CommandFlags flags)
      throws NbdException {
    return data.start(
        ApiCall.AIO_ZERO,
        data.command(ApiCall.AIO_ZERO, Commands.WRITE_ZEROES, count, offset, flags, ZERO_FLAGS),
        completion);
  }

  /**
   * Asks what the granted meta contexts say of a range.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_block_status}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent called for each meta context
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void blockStatus(long count, long offset, ExtentCallback extent) throws NbdException {
    blockStatus(count, offset, extent, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range.
   *
   * <p>The answer may be shorter than the range, or longer, or differ in length between contexts:
   * go on from the end of what was told. ENOTSUP if no meta context was negotiated. If the thread
   * is interrupted while it waits, the call fails with EINTR and the reply is thrown away when it
   * comes, unless the thread was the only user of the handle: then the connection is closed and the
   * handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_block_status}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent called for each meta context
   * @param flags REQ_ONE
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void blockStatus(long count, long offset, ExtentCallback extent, CommandFlags flags)
      throws NbdException {
    Calls.notNull(ApiCall.BLOCK_STATUS, extent, "extent");
    data.run(
        ApiCall.BLOCK_STATUS,
        data.blockStatus(ApiCall.BLOCK_STATUS, count, offset, null, extent, null, flags));
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status}, since libnbd
   * 1.0. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent called for each meta context
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatus(long count, long offset, ExtentCallback extent) throws NbdException {
    return aioBlockStatus(count, offset, extent, null, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status}, since libnbd
   * 1.0. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent called for each meta context
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatus(
      long count, long offset, ExtentCallback extent, @Nullable CompletionCallback completion)
      throws NbdException {
    return aioBlockStatus(count, offset, extent, completion, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>The answer may be shorter than the range, or longer, or differ in length between contexts:
   * go on from the end of what was told. ENOTSUP if no meta context was negotiated. The command is
   * queued and sent as far as the socket takes it; drive the handle by {@link #poll} or an event
   * loop. Without a callback, or if that returns false, {@link #aioCommandCompleted} tells the
   * result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status}, since libnbd
   * 1.0. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent called for each meta context
   * @param completion called when the command has ended, or null
   * @param flags REQ_ONE
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatus(
      long count,
      long offset,
      ExtentCallback extent,
      @Nullable CompletionCallback completion,
      CommandFlags flags)
      throws NbdException {
    Calls.notNull(ApiCall.AIO_BLOCK_STATUS, extent, "extent");
    return data.start(
        ApiCall.AIO_BLOCK_STATUS,
        data.blockStatus(ApiCall.AIO_BLOCK_STATUS, count, offset, null, extent, null, flags),
        completion);
  }

  /**
   * Asks what the granted meta contexts say of a range.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_block_status_64}, since libnbd
   * 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent64 called for each meta context
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void blockStatus64(long count, long offset, Extent64Callback extent64)
      throws NbdException {
    blockStatus64(count, offset, extent64, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range.
   *
   * <p>The answer may be shorter than the range, or longer, or differ in length between contexts:
   * go on from the end of what was told. ENOTSUP if no meta context was negotiated. If the thread
   * is interrupted while it waits, the call fails with EINTR and the reply is thrown away when it
   * comes, unless the thread was the only user of the handle: then the connection is closed and the
   * handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_block_status_64}, since libnbd
   * 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent64 called for each meta context
   * @param flags REQ_ONE
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void blockStatus64(long count, long offset, Extent64Callback extent64, CommandFlags flags)
      throws NbdException {
    Calls.notNull(ApiCall.BLOCK_STATUS_64, extent64, "extent64");
    data.run(
        ApiCall.BLOCK_STATUS_64,
        data.blockStatus(ApiCall.BLOCK_STATUS_64, count, offset, null, null, extent64, flags));
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status_64}, since libnbd
   * 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent64 called for each meta context
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatus64(long count, long offset, Extent64Callback extent64)
      throws NbdException {
    return aioBlockStatus64(count, offset, extent64, null, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status_64}, since libnbd
   * 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent64 called for each meta context
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatus64(
      long count, long offset, Extent64Callback extent64, @Nullable CompletionCallback completion)
      throws NbdException {
    return aioBlockStatus64(count, offset, extent64, completion, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>The answer may be shorter than the range, or longer, or differ in length between contexts:
   * go on from the end of what was told. ENOTSUP if no meta context was negotiated. The command is
   * queued and sent as far as the socket takes it; drive the handle by {@link #poll} or an event
   * loop. Without a callback, or if that returns false, {@link #aioCommandCompleted} tells the
   * result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status_64}, since libnbd
   * 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param extent64 called for each meta context
   * @param completion called when the command has ended, or null
   * @param flags REQ_ONE
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatus64(
      long count,
      long offset,
      Extent64Callback extent64,
      @Nullable CompletionCallback completion,
      CommandFlags flags)
      throws NbdException {
    Calls.notNull(ApiCall.AIO_BLOCK_STATUS_64, extent64, "extent64");
    return data.start(
        ApiCall.AIO_BLOCK_STATUS_64,
        data.blockStatus(ApiCall.AIO_BLOCK_STATUS_64, count, offset, null, null, extent64, flags),
        completion);
  }

  /**
   * Asks what the granted meta contexts say of a range.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_block_status_filter}, since libnbd
   * 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param contexts the names of granted meta contexts
   * @param extent64 called for each meta context
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void blockStatusFilter(
      long count, long offset, List<String> contexts, Extent64Callback extent64)
      throws NbdException {
    blockStatusFilter(count, offset, contexts, extent64, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range.
   *
   * <p>The answer may be shorter than the range, or longer, or differ in length between contexts:
   * go on from the end of what was told. ENOTSUP if no meta context was negotiated. If the thread
   * is interrupted while it waits, the call fails with EINTR and the reply is thrown away when it
   * comes, unless the thread was the only user of the handle: then the connection is closed and the
   * handle is dead.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_block_status_filter}, since libnbd
   * 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param contexts the names of granted meta contexts
   * @param extent64 called for each meta context
   * @param flags REQ_ONE, PAYLOAD_LEN
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void blockStatusFilter(
      long count, long offset, List<String> contexts, Extent64Callback extent64, CommandFlags flags)
      throws NbdException {
    Calls.notNull(ApiCall.BLOCK_STATUS_FILTER, contexts, "contexts");
    Calls.notNull(ApiCall.BLOCK_STATUS_FILTER, extent64, "extent64");
    data.run(
        ApiCall.BLOCK_STATUS_FILTER,
        data.blockStatus(
            ApiCall.BLOCK_STATUS_FILTER, count, offset, contexts, null, extent64, flags));
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>As with neither callback nor flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status_filter}, since
   * libnbd 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param contexts the names of granted meta contexts
   * @param extent64 called for each meta context
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatusFilter(
      long count, long offset, List<String> contexts, Extent64Callback extent64)
      throws NbdException {
    return aioBlockStatusFilter(count, offset, contexts, extent64, null, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>As with no flags.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status_filter}, since
   * libnbd 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param contexts the names of granted meta contexts
   * @param extent64 called for each meta context
   * @param completion called when the command has ended, or null
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatusFilter(
      long count,
      long offset,
      List<String> contexts,
      Extent64Callback extent64,
      @Nullable CompletionCallback completion)
      throws NbdException {
    return aioBlockStatusFilter(count, offset, contexts, extent64, completion, CommandFlags.NONE);
  }

  /**
   * Asks what the granted meta contexts say of a range, without waiting.
   *
   * <p>The answer may be shorter than the range, or longer, or differ in length between contexts:
   * go on from the end of what was told. ENOTSUP if no meta context was negotiated. The command is
   * queued and sent as far as the socket takes it; drive the handle by {@link #poll} or an event
   * loop. Without a callback, or if that returns false, {@link #aioCommandCompleted} tells the
   * result.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_block_status_filter}, since
   * libnbd 1.18. Protocol specification: {@code NBD_CMD_BLOCK_STATUS}.
   *
   * @param count the length in bytes
   * @param offset where in the export, in bytes
   * @param contexts the names of granted meta contexts
   * @param extent64 called for each meta context
   * @param completion called when the command has ended, or null
   * @param flags REQ_ONE, PAYLOAD_LEN
   * @return the cookie of the command, 1 or more
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioBlockStatusFilter(
      long count,
      long offset,
      List<String> contexts,
      Extent64Callback extent64,
      @Nullable CompletionCallback completion,
      CommandFlags flags)
      throws NbdException {
    Calls.notNull(ApiCall.AIO_BLOCK_STATUS_FILTER, contexts, "contexts");
    Calls.notNull(ApiCall.AIO_BLOCK_STATUS_FILTER, extent64, "extent64");
    return data.start(
        ApiCall.AIO_BLOCK_STATUS_FILTER,
        data.blockStatus(
            ApiCall.AIO_BLOCK_STATUS_FILTER, count, offset, contexts, null, extent64, flags),
        completion);
  }

  /**
   * Asks the server to end the connection, once it has answered what it was sent before.
   *
   * <p>No command can be issued afterwards. The handle becomes closed when the server ends the
   * stream.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_disconnect}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_DISC}.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioDisconnect() throws NbdException {
    aioDisconnect(CommandFlags.NONE);
  }

  /**
   * Asks the server to end the connection, once it has answered what it was sent before.
   *
   * <p>No command can be issued afterwards. The handle becomes closed when the server ends the
   * stream.
   *
   * <p>Permitted only while the handle is connected. {@code nbd_aio_disconnect}, since libnbd 1.0.
   * Protocol specification: {@code NBD_CMD_DISC}.
   *
   * @param flags none is defined
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioDisconnect(CommandFlags flags) throws NbdException {
    data.start(
        ApiCall.AIO_DISCONNECT,
        data.command(ApiCall.AIO_DISCONNECT, Commands.DISC, 0, 0, flags, CommandFlags.NONE),
        null);
  }

  /**
   * Ends the connection in order, and waits until it has ended.
   *
   * <p>Commands that are queued are sent before; those that get no answer end with ENOTCONN.
   *
   * <p>Permitted only while the handle is negotiating or connected. {@code nbd_shutdown}, since
   * libnbd 1.0.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void shutdown() throws NbdException {
    shutdown(0);
  }

  /**
   * Ends the connection in order, and waits until it has ended.
   *
   * <p>Commands that are queued are sent before, unless they are to be abandoned; those that get no
   * answer end with ENOTCONN.
   *
   * <p>Permitted only while the handle is negotiating or connected. {@code nbd_shutdown}, since
   * libnbd 1.0.
   *
   * @param flags bits of {@link ShutdownFlag}
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void shutdown(int flags) throws NbdException {
    calls.drive(ApiCall.SHUTDOWN, () -> options.shutdown(flags));
  }

  // Event loop and state.

  /**
   * Waits until the connection can make progress, and makes it.
   *
   * <p>Callbacks run in the meantime, on this thread. EINVAL if the handle is waiting for nothing.
   * If the thread is interrupted the call fails with EINTR, and nothing is lost.
   *
   * <p>Permitted in any state. {@code nbd_poll}, since libnbd 1.0.
   *
   * @param timeout the longest wait in milliseconds, -1 for no limit
   * @return 1 if there was progress, 0 if the time was over
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public int poll(int timeout) throws NbdException {
    calls.check(ApiCall.POLL);
    try {
      return connection.loop().poll(nanos(timeout), null);
    } catch (Failure e) {
      throw calls.fail(ApiCall.POLL, e);
    }
  }

  /**
   * Waits as {@link #poll} does, or until another channel can be read.
   *
   * <p>Permitted in any state. {@code nbd_poll2}, since libnbd 1.16.
   *
   * @param channel another channel, in non-blocking mode
   * @param timeout the longest wait in milliseconds, -1 for no limit
   * @return 1 if there was progress or the other channel can be read, 0 if the time was over
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public int poll2(SelectableChannel channel, int timeout) throws NbdException {
    Calls.notNull(ApiCall.POLL2, channel, "fd");
    return calls.driven(ApiCall.POLL2, () -> connection.loop().poll(nanos(timeout), channel));
  }

  /**
   * The channel of the connection, to register in one's own selector: in Java's terms what the file
   * descriptor is in C.
   *
   * <p>EINVAL before there is one and after the connection has ended. Register it for what {@link
   * #aioGetDirection} says, and call {@link #aioNotifyRead} and {@link #aioNotifyWrite}.
   *
   * <p>Permitted in any state. {@code nbd_aio_get_fd}, since libnbd 1.0.
   *
   * @return the channel, non-blocking; it must not be read, written or closed
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public SelectableChannel aioGetFd() throws NbdException {
    return calls.driven(ApiCall.AIO_GET_FD, connection.loop()::channel);
  }

  /**
   * What the handle waits for.
   *
   * <p>Permitted in any state. {@code nbd_aio_get_direction}, since libnbd 1.0.
   *
   * @return bits of {@link Direction}
   */
  public int aioGetDirection() {
    return connection.loop().direction();
  }

  /**
   * Makes progress after the channel has become readable.
   *
   * <p>EINVAL if the handle is not waiting for that.
   *
   * <p>Permitted in any state. {@code nbd_aio_notify_read}, since libnbd 1.0.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioNotifyRead() throws NbdException {
    calls.check(ApiCall.AIO_NOTIFY_READ);
    try {
      connection.loop().notifyRead();
    } catch (Failure e) {
      throw calls.fail(ApiCall.AIO_NOTIFY_READ, e);
    }
  }

  /**
   * Makes progress after the channel has become writable, or connected.
   *
   * <p>EINVAL if the handle is not waiting for that.
   *
   * <p>Permitted in any state. {@code nbd_aio_notify_write}, since libnbd 1.0.
   *
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public void aioNotifyWrite() throws NbdException {
    calls.check(ApiCall.AIO_NOTIFY_WRITE);
    try {
      connection.loop().notifyWrite();
    } catch (Failure e) {
      throw calls.fail(ApiCall.AIO_NOTIFY_WRITE, e);
    }
  }

  /**
   * Whether the handle is new.
   *
   * <p>Permitted in any state. {@code nbd_aio_is_created}, since libnbd 1.0.
   *
   * @return true if so; exactly one of the state queries is true at a time
   */
  public boolean aioIsCreated() {
    return connection.state().word() == StateWord.CREATED;
  }

  /**
   * Whether the connection is being made, or an option negotiated.
   *
   * <p>Permitted in any state. {@code nbd_aio_is_connecting}, since libnbd 1.0.
   *
   * @return true if so; exactly one of the state queries is true at a time
   */
  public boolean aioIsConnecting() {
    return connection.state().word() == StateWord.CONNECTING;
  }

  /**
   * Whether the handle waits for the caller to choose an option.
   *
   * <p>Permitted in any state. {@code nbd_aio_is_negotiating}, since libnbd 1.4.
   *
   * @return true if so; exactly one of the state queries is true at a time
   */
  public boolean aioIsNegotiating() {
    return connection.state().word() == StateWord.NEGOTIATING;
  }

  /**
   * Whether commands can be issued and none is half sent.
   *
   * <p>Permitted in any state. {@code nbd_aio_is_ready}, since libnbd 1.0.
   *
   * @return true if so; exactly one of the state queries is true at a time
   */
  public boolean aioIsReady() {
    return connection.state().word() == StateWord.CONNECTED && !connection.processing();
  }

  /**
   * Whether a command is half sent.
   *
   * <p>Permitted in any state. {@code nbd_aio_is_processing}, since libnbd 1.0.
   *
   * @return true if so; exactly one of the state queries is true at a time
   */
  public boolean aioIsProcessing() {
    return connection.processing();
  }

  /**
   * Whether the connection has ended with an error.
   *
   * <p>Permitted in any state. {@code nbd_aio_is_dead}, since libnbd 1.0.
   *
   * @return true if so; exactly one of the state queries is true at a time
   */
  public boolean aioIsDead() {
    return connection.state().word() == StateWord.DEAD;
  }

  /**
   * Whether the connection has ended in order.
   *
   * <p>Permitted in any state. {@code nbd_aio_is_closed}, since libnbd 1.0.
   *
   * @return true if so; exactly one of the state queries is true at a time
   */
  public boolean aioIsClosed() {
    return connection.state().word() == StateWord.CLOSED;
  }

  /**
   * The state of the handle, for people.
   *
   * <p>Permitted in any state. {@code nbd_connection_state}, since libnbd 1.0.
   *
   * @return a short name, a colon and a description
   */
  public String connectionState() {
    return connection.state().display();
  }

  /**
   * Whether a command has ended well; it is then retired.
   *
   * <p>Permitted in any state. {@code nbd_aio_command_completed}, since libnbd 1.0.
   *
   * @param cookie what the asynchronous call returned
   * @return true if it has ended; false if it is pending, unknown or retired already
   * @throws NbdException if it has failed; it is then retired as well
   */
  public boolean aioCommandCompleted(long cookie) throws NbdException {
    return data.completed(ApiCall.AIO_COMMAND_COMPLETED, cookie);
  }

  /**
   * The oldest command that has ended and was not retired.
   *
   * <p>Permitted in any state. {@code nbd_aio_peek_command_completed}, since libnbd 1.0.
   *
   * @return its cookie, or 0 if commands are only in flight
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public long aioPeekCommandCompleted() throws NbdException {
    return calls.query(
        ApiCall.AIO_PEEK_COMMAND_COMPLETED,
        () -> {
          Command ended = connection.commands().peekEnded();
          if (ended != null) {
            return ended.cookie;
          }
          if (connection.inFlight() == 0) {
            throw Failure.usage(Errno.EINVAL, "no commands are in flight");
          }
          return 0L;
        });
  }

  /**
   * The number of commands that are queued or wait for their reply.
   *
   * <p>Permitted only while the handle is connected or closed or dead. {@code nbd_aio_in_flight},
   * since libnbd 1.0.
   *
   * @return the number, 0 once the connection has ended
   * @throws NbdException if the call is refused or fails, with an error number of {@link Errno}
   */
  public int aioInFlight() throws NbdException {
    return calls.query(ApiCall.AIO_IN_FLIGHT, connection::inFlight);
  }

  // About the library.

  /**
   * Whether this version can use TLS.
   *
   * <p>Permitted in any state. {@code nbd_supports_tls}, since libnbd 1.0.
   *
   * @return false so far
   */
  public static boolean supportsTls() {
    return false;
  }

  /**
   * Whether this version understands URIs.
   *
   * <p>Permitted in any state. {@code nbd_supports_uri}, since libnbd 1.0.
   *
   * @return true
   */
  public static boolean supportsUri() {
    return true;
  }

  /**
   * Whether this version can use virtual machine sockets.
   *
   * <p>Permitted in any state. {@code nbd_supports_vsock}, since libnbd 1.16.
   *
   * @return false so far
   */
  public static boolean supportsVsock() {
    return false;
  }

  /**
   * The name of libnbd, whose interface this is. {@code nbd_get_package_name}, since libnbd 1.0.
   *
   * @return {@code libnbd}
   */
  public static String getPackageName() {
    return "libnbd";
  }

  /**
   * The version of libnbd whose interface this is. {@code nbd_get_version}, since libnbd 1.0.
   *
   * @return for example {@code 1.24.0}
   */
  public static String getVersion() {
    return "1.24.0";
  }

  private boolean flag(ApiCall call, int flag) throws NbdException {
    return calls.query(
        call,
        () -> {
          requireExport();
          return negotiated.has(flag);
        });
  }

  private void requireExport() throws Failure {
    if (!negotiated.exportKnown()) {
      throw Failure.usage(
          Errno.EINVAL,
          "server has not returned export flags, you need to connect to the server first");
    }
  }

  private String advertised(@Nullable String value, String what) throws Failure {
    requireExport();
    if (value == null) {
      throw Failure.usage(Errno.ENOTSUP, "server did not advertise " + what);
    }
    return value;
  }

  private void checkCommand(ApiCall call, List<String> argv) throws NbdException {
    for (String argument : argv) {
      Calls.notNull(call, argument, "argv");
    }
    if (argv.isEmpty()) {
      calls.check(call);
      throw calls.fail(call, Failure.usage(Errno.EINVAL, "missing command name in argv list"));
    }
  }

  private Endpoint activation(List<String> argv) {
    return new Endpoint.Activation(List.copyOf(argv), getSocketActivationName());
  }

  private Subprocess subprocess() throws Failure {
    Subprocess child = connection.peer().process();
    if (child == null) {
      throw Failure.usage(Errno.ESRCH, "no subprocess exists");
    }
    return child;
  }

  private static long nanos(int timeout) {
    return timeout < 0 ? Readiness.FOREVER : TimeUnit.MILLISECONDS.toNanos(timeout);
  }
}
