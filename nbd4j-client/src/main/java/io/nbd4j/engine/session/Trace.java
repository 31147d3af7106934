package io.nbd4j.engine.session;

import io.nbd4j.model.ApiCall;
import io.nbd4j.model.DebugCallback;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The debug messages of one handle, and its name, which only they show. */
public final class Trace {

  private static final AtomicLong HANDLES = new AtomicLong();

  private volatile boolean on = "1".equals(System.getenv("LIBNBD_DEBUG"));
  private volatile String name = "nbd" + HANDLES.incrementAndGet();
  private volatile @Nullable DebugCallback callback;
  private volatile ApiCall context = ApiCall.CREATE;

  public boolean on() {
    return on;
  }

  public void on(boolean on) {
    this.on = on;
  }

  public String name() {
    return name;
  }

  public void name(String name) {
    this.name = name;
  }

  public void callback(@Nullable DebugCallback callback) {
    this.callback = callback;
  }

  /** Notes the public call that the messages from here on belong to. */
  public void enter(ApiCall call) {
    if (on) {
      context = call;
      message("enter");
    }
  }

  /** Emits a message if debugging is on. */
  @SuppressWarnings("SystemOut") // Where libnbd's debug messages go.
  public void message(String text) {
    if (!on) {
      return;
    }
    String function = context.functionName();
    DebugCallback target = callback;
    if (target == null) {
      System.err.println("libnbd: debug: " + name + ": " + function + ": " + text);
      return;
    }
    try {
      target.debug(function, text);
    } catch (RuntimeException e) {
      System.err.println("libnbd: debug: " + name + ": the debug callback failed: " + e);
    }
  }
}
