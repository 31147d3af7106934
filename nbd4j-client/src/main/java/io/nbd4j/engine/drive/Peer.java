package io.nbd4j.engine.drive;

import io.nbd4j.engine.connect.Connector;
import io.nbd4j.engine.connect.Endpoint;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.model.NbdException.Kind;
import io.nbd4j.net.spawn.ExitStatus;
import io.nbd4j.net.spawn.SpawnedServer;
import io.nbd4j.net.spawn.Subprocess;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a handle is connected to: an address, or a child process that must not be left behind. */
public final class Peer {

  /** How long the end of a child that has closed its socket is waited for, to tell its status. */
  private static final Duration EXIT_SOON = Duration.ofMillis(250);

  private final Link link;
  private volatile @Nullable Connector connector;
  private volatile boolean exitAwaited;

  Peer(Link link) {
    this.link = link;
  }

  @Nullable Connector connector() {
    return connector;
  }

  void connector(@Nullable Connector made) {
    connector = made;
  }

  /** The child process, or null. */
  public @Nullable Subprocess process() {
    Connector made = connector;
    return made == null ? null : made.process();
  }

  /** What the handle is or was connected to, or null. */
  public @Nullable Endpoint endpoint() {
    Connector made = connector;
    return made == null ? null : made.endpoint();
  }

  /** The path of the temporary socket of a server started by socket activation, or null. */
  public @Nullable String activationSocket() {
    Connector made = connector;
    SpawnedServer server = made == null ? null : made.server();
    return server == null ? null : server.socket().toString();
  }

  /** The endpoint as error messages name it, with the child's exit status if it has ended. */
  public String place(Failure why) {
    Endpoint endpoint = endpoint();
    if (endpoint == null) {
      return "";
    }
    Subprocess child = process();
    if (child == null || !link.ended() || why.kind() == Kind.USAGE || why.kind() == Kind.SERVER) {
      return endpoint.describe();
    }
    if (!exitAwaited) {
      exitAwaited = true;
      child.awaitExit(EXIT_SOON);
    }
    ExitStatus status = child.exitStatus();
    return status == null ? endpoint.describe() : endpoint.describe() + " (" + status + ")";
  }

  /** Lets go of the child process, if there is one. */
  void release(Duration grace) {
    Connector made = connector;
    if (made != null) {
      Reaper.reap(made, grace);
    }
  }
}
