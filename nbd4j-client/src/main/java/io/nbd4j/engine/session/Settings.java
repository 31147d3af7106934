package io.nbd4j.engine.session;

import io.nbd4j.model.AllowTransport;
import io.nbd4j.model.HandshakeFlag;
import io.nbd4j.model.StrictMode;
import io.nbd4j.model.TlsMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the caller asked for. Guarded by the handle's lock while the handle can change it; read by
 * the thread that drives the handshake, during which the state allows no change.
 */
public final class Settings {

  /** How long {@code close} waits for a subprocess before it sends a signal, unless set. */
  public static final Duration DEFAULT_SUBPROCESS_GRACE = Duration.ofSeconds(10);

  public String exportName = "";
  public boolean requestBlockSize = true;
  public boolean fullInfo;
  public boolean extendedHeaders = true;
  public boolean structuredReplies = true;
  public boolean requestMetaContext = true;
  public boolean optMode;
  public int handshakeFlags = HandshakeFlag.MASK;
  public TlsMode tls = TlsMode.DISABLE;
  public int uriTransports = AllowTransport.MASK;
  public TlsMode uriTls = TlsMode.ALLOW;
  public boolean uriLocalFile;
  public String socketActivationName = "";
  public Duration subprocessGrace = DEFAULT_SUBPROCESS_GRACE;
  public final List<String> metaContexts = new ArrayList<>();

  // Read on the path of a command without the lock.
  public volatile boolean preadInitialize = true;
  public volatile int strictMode = StrictMode.MASK;

  public boolean strict(int bit) {
    return (strictMode & bit) != 0;
  }
}
