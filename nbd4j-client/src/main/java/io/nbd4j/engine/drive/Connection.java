package io.nbd4j.engine.drive;

import io.nbd4j.engine.command.Command;
import io.nbd4j.engine.command.Commands;
import io.nbd4j.engine.connect.Connector;
import io.nbd4j.engine.connect.Endpoint;
import io.nbd4j.engine.handshake.Handshake;
import io.nbd4j.engine.handshake.Operation;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.engine.session.Statistics;
import io.nbd4j.engine.session.Trace;
import io.nbd4j.engine.state.State;
import io.nbd4j.engine.transfer.ReplyReader;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException.Kind;
import io.nbd4j.model.StateWord;
import io.nbd4j.net.ChannelTransport;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One connection from its first byte to its end, driven by whoever calls: an event loop or {@code
 * poll} through {@link EventLoop}, or a blocking call.
 */
public final class Connection {

  private final Link link = new Link();
  private final ReentrantLock lock = link.lock;
  private final Transfers transfers = new Transfers(link);

  private final Peer peer = new Peer(link);
  private final EventLoop loop = new EventLoop(link, transfers, this::advance);
  private @Nullable Handshake handshake;
  private volatile boolean released;

  public Settings settings() {
    return link.settings;
  }

  public Negotiated negotiated() {
    return link.negotiated;
  }

  public Statistics statistics() {
    return link.statistics;
  }

  public Trace trace() {
    return link.trace;
  }

  /** The commands, and the lock that guards everything here. */
  public Commands commands() {
    return link.commands;
  }

  public State state() {
    return link.state();
  }

  /** The state that an error message names: after the end, the one that it came in. */
  public State phase() {
    return link.phase();
  }

  /** Whether a request is partly on the wire. */
  public boolean processing() {
    lock.lock();
    try {
      return link.state() instanceof State.Transmission && link.sending();
    } finally {
      lock.unlock();
    }
  }

  // Connecting.

  /** Begins to connect; a failure that leaves the handle as new says so by its state. */
  public void connect(Endpoint endpoint) throws Failure {
    Connector made = new Connector(endpoint, link.trace);
    lock.lock();
    try {
      if (link.word() != StateWord.CREATED || !link.takeReader()) {
        throw Failure.usage(Errno.EINVAL, "another thread is connecting this handle");
      }
      peer.connector(made);
      link.state(
          switch (endpoint) {
            case Endpoint.Command _ -> State.Connect.STARTING_COMMAND;
            case Endpoint.Activation _ -> State.Connect.STARTING_ACTIVATION;
            case Endpoint.Tcp _ -> State.Connect.RESOLVED;
            case Endpoint.Unix _, Endpoint.Address _, Endpoint.Socket _ -> State.Connect.CONNECTING;
          });
    } finally {
      lock.unlock();
    }
    try {
      boolean connected = made.start();
      publish(State.Connect.CONNECTING, made.transport());
      if (connected) {
        beginHandshake();
        advance();
      }
    } catch (Failure e) {
      throw connectFailed(made, e);
    } finally {
      link.leaveReader();
      if (released) {
        // Closed by another thread, which did not see the child that was just being started.
        peer.release(link.settings.subprocessGrace);
      }
    }
  }

  /** A failed attempt ends the handle, or leaves it as new. */
  private Failure connectFailed(Connector made, Failure why) {
    if (link.ended()) {
      return why;
    }
    if (handshake == null && made.restartable()) {
      publish(State.Connect.START, null);
      peer.connector(null);
      return why;
    }
    link.die(why);
    return why;
  }

  private void publish(State state, @Nullable ChannelTransport transport) {
    lock.lock();
    try {
      if (link.ended()) {
        if (transport != null) {
          transport.close();
        }
      } else {
        link.transport(transport);
        link.state(state);
      }
      link.changed();
    } finally {
      lock.unlock();
    }
  }

  private void publish(State state) {
    lock.lock();
    try {
      link.state(state);
      link.changed();
    } finally {
      lock.unlock();
    }
  }

  private void beginHandshake() {
    Handshake begun = new Handshake(link.settings, link.negotiated, link.statistics, link.trace);
    handshake = begun;
    publish(begun.state());
  }

  /** Waits until the connection is made, paused for the caller, or has failed. */
  public void awaitConnected() throws Failure {
    while (link.word() == StateWord.CONNECTING) {
      loop.progressWhile(StateWord.CONNECTING);
    }
    Failure why = link.failure();
    if (why != null) {
      throw why;
    }
    if (link.word() == StateWord.CLOSED) {
      throw new Failure(Kind.TRANSPORT, Errno.NONE, "connection is closed");
    }
  }

  // Options.

  /** Begins an option that the caller asked for. */
  public void begin(Operation operation) throws Failure {
    lock.lock();
    try {
      if (link.word() != StateWord.NEGOTIATING || !link.takeReader()) {
        throw Failure.usage(Errno.EINVAL, "another option is being negotiated");
      }
    } finally {
      lock.unlock();
    }
    boolean begun = false;
    try {
      Handshake machine = Objects.requireNonNull(handshake);
      machine.begin(operation);
      lock.lock();
      try {
        link.operation = operation;
        link.state(machine.state());
        begun = true;
      } finally {
        lock.unlock();
      }
      advance();
    } catch (Failure e) {
      // Once begun, the option has its own end, which tells of the failure.
      if (!begun) {
        if (operation instanceof Operation.Abort) {
          link.die(e);
        }
        throw e;
      }
    } finally {
      link.leaveReader();
    }
  }

  /** Waits for the end of an option; the server's refusal is for the caller to look at. */
  public void await(Operation operation) throws Failure {
    while (!operation.finished() && link.word() == StateWord.CONNECTING) {
      loop.progressWhile(StateWord.CONNECTING);
    }
    Failure why = link.failure();
    if (why != null) {
      throw why;
    }
    if (!operation.finished() && !(operation instanceof Operation.Abort)) {
      throw new Failure(Kind.TRANSPORT, Errno.NONE, "connection is closed");
    }
  }

  // Progress, all as reader.

  /** Goes as far as it can without waiting. */
  private void advance() throws Failure {
    try {
      switch (link.state()) {
        case State.Connect connecting -> {
          Connector made = Objects.requireNonNull(peer.connector());
          boolean connected;
          try {
            connected = made.advance();
          } catch (Failure e) {
            throw connectFailed(made, e);
          }
          publish(State.Connect.CONNECTING, made.transport());
          if (connected) {
            beginHandshake();
            advance();
          }
        }
        case State.Handshake shaking -> shake();
        case State.Transmission ready -> transfer();
        case State.End end -> {}
      }
    } catch (RuntimeException e) {
      Failure why = Link.defect(e);
      link.die(why);
      throw why;
    }
  }

  private void shake() throws Failure {
    Handshake machine = Objects.requireNonNull(handshake);
    try {
      switch (machine.run(link.connectedTransport())) {
        case BLOCKED -> publish(machine.state());
        case NEGOTIATING -> {
          publish(State.Handshake.NEGOTIATING);
          finishOperation();
        }
        case TRANSMISSION -> {
          link.beginTransmission();
          handshake = null;
          publish(State.Transmission.READY);
          finishOperation();
        }
        case ABORTED -> {
          lock.lock();
          try {
            link.operation = null;
          } finally {
            lock.unlock();
          }
          link.closed();
        }
      }
    } catch (IOException e) {
      publish(machine.state());
      Failure fatal = machine.fatal();
      throw link.dead(
          fatal != null ? fatal : Link.failure(machine.state().sending() ? "send" : "recv", e));
    } catch (Failure e) {
      publish(machine.state());
      throw link.dead(e);
    }
  }

  private void finishOperation() {
    Operation ended;
    lock.lock();
    try {
      ended = link.operation;
      link.operation = null;
    } finally {
      lock.unlock();
    }
    if (ended != null) {
      Failure refusal = ended.refusal();
      int errno = refusal == null ? 0 : refusal.errno() == 0 ? Errno.ENOTSUP : refusal.errno();
      link.completed(ended, errno);
    }
  }

  private void transfer() throws Failure {
    ChannelTransport transport = link.connectedTransport();
    lock.lock();
    try {
      transfers.notAlone();
      if (!transfers.unblock(transport)) {
        // Another thread sends, and may wait in the kernel; it will be through before long.
        return;
      }
    } finally {
      lock.unlock();
    }
    transfers.flush();
    try {
      if (transfers.step(transport, null, false) == ReplyReader.Progress.END) {
        link.closed();
      }
    } catch (IOException e) {
      throw link.dead(Link.failure("recv", e));
    } catch (Failure e) {
      throw link.dead(e);
    }
  }

  /** Driving by an event loop, and waiting. */
  public EventLoop loop() {
    return loop;
  }

  // Commands.

  /** Queues a command; see {@link Transfers#issueAsync}. */
  public long issueAsync(Command command) throws Failure {
    return transfers.issueAsync(command);
  }

  /** Queues a command and waits for its end; see {@link Transfers#issueAndWait}. */
  public void issueAndWait(Command command) throws Failure {
    transfers.issueAndWait(command);
    Failure why = link.failure();
    if (why != null && command.error == Errno.ENOTCONN) {
      throw why;
    }
  }

  /** How many commands are queued or in flight; a disconnect request counts until the end. */
  public int inFlight() {
    lock.lock();
    try {
      if (link.ended()) {
        return 0;
      }
      int count = link.commands.inFlight();
      return transfers.disconnectRequested() && !transfers.disconnectQueued() ? count + 1 : count;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the disconnect request was made. */
  public boolean disconnectRequested() {
    return transfers.disconnectRequested();
  }

  /** Ends the commands that were not started on the wire, with ENOTCONN. */
  public void abandonQueued() {
    transfers.abandonQueued();
  }

  /** Waits for the end of the connection after a disconnect request. */
  public void awaitEnd() throws Failure {
    while (!link.ended()) {
      loop.progressWhile(StateWord.CONNECTED);
    }
    Failure why = link.failure();
    if (why != null) {
      throw why;
    }
  }

  // The end.

  /** What the handle is or was connected to. */
  public Peer peer() {
    return peer;
  }

  /** Ends the connection at once, with all that hangs on it, and waits for the child. */
  public void close() {
    lock.lock();
    try {
      if (released) {
        return;
      }
      released = true;
    } finally {
      lock.unlock();
    }
    link.closed();
    peer.release(link.settings.subprocessGrace);
  }
}
