package io.nbd4j.engine.handshake;

import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Negotiated;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.engine.session.Statistics;
import io.nbd4j.engine.session.Trace;
import io.nbd4j.model.Errno;
import io.nbd4j.script.ScriptedTransport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Plays a conversation once over a transport and notes what happens. */
final class Playback {

  static final String DISCONNECTED = "failed PROTOCOL NONE recv: server disconnected unexpectedly";

  final List<String> events = new ArrayList<>();
  final Negotiated negotiated = new Negotiated();
  final Statistics statistics = new Statistics();
  private final Settings settings = new Settings();
  private final Handshake handshake = new Handshake(settings, negotiated, statistics, new Trace());
  private final Iterator<Conversation.Turn> turns;
  private final ScriptedTransport transport;
  private Operation operation;

  private Playback(Conversation conversation, ScriptedTransport transport) {
    conversation.settings.accept(settings);
    this.turns = conversation.turns.iterator();
    this.transport = transport;
  }

  static Playback play(Conversation conversation, ScriptedTransport transport) throws IOException {
    Playback playback = new Playback(conversation, transport);
    try {
      playback.run();
    } catch (Failure e) {
      playback.events.add("failed " + describe(e));
    }
    return playback;
  }

  private void run() throws IOException, Failure {
    while (true) {
      switch (handshake.run(transport)) {
        case BLOCKED -> {
          if (transport.starved()) {
            events.add("starved");
            return;
          }
        }
        case NEGOTIATING -> {
          finishTurn();
          if (!turns.hasNext()) {
            events.add("negotiating");
            events.add(summary());
            return;
          }
          begin(turns.next().next(settings, events));
        }
        case TRANSMISSION -> {
          finishTurn();
          events.add("transmission");
          events.add(summary());
          return;
        }
        case ABORTED -> {
          events.add("aborted");
          return;
        }
      }
    }
  }

  private void begin(Operation next) {
    try {
      handshake.begin(next);
      operation = next;
    } catch (Failure e) {
      events.add("not begun " + describe(e));
    }
  }

  private void finishTurn() {
    Operation ended = operation;
    operation = null;
    if (ended != null) {
      Failure refusal = ended.refusal();
      events.add(
          !ended.finished()
              ? "not finished"
              : refusal != null
                  ? "refused " + describe(refusal)
                  : ended.count() == 0 ? "agreed" : "agreed " + ended.count());
    }
  }

  private static String describe(Failure failure) {
    String errno = failure.errno() == Errno.NONE ? "NONE" : Errno.name(failure.errno());
    return failure.kind() + " " + errno + " " + failure.text();
  }

  /** What was negotiated, on one line. */
  private String summary() {
    StringBuilder line = new StringBuilder(negotiated.protocol);
    line.append('/').append(negotiated.serverHandshakeFlags);
    if (negotiated.structuredReplies) {
      line.append(" sr");
    }
    if (negotiated.extendedHeaders) {
      line.append(" eh");
    }
    line.append(" | ");
    if (negotiated.exportKnown()) {
      int flags = 0;
      for (int bit = 1; bit < 1 << 16; bit <<= 1) {
        flags |= negotiated.has(bit) ? bit : 0;
      }
      line.append(Long.toUnsignedString(negotiated.size()));
      line.append(" 0x").append(Integer.toHexString(flags));
    } else {
      line.append("no export");
    }
    if (negotiated.canonicalName() != null) {
      line.append(" name=").append(negotiated.canonicalName());
    }
    if (negotiated.description() != null) {
      line.append(" description=").append(negotiated.description());
    }
    line.append(" | blocks ").append(negotiated.blockMinimum());
    line.append('/').append(negotiated.blockPreferred());
    line.append('/').append(negotiated.blockMaximum());
    line.append(" payload ").append(negotiated.payloadMaximum());
    line.append(negotiated.metaValid() ? " | meta valid" : " | meta invalid");
    negotiated
        .metaContexts()
        .forEach(
            context -> line.append(' ').append(context.id()).append('=').append(context.name()));
    return line.toString();
  }

  @Override
  public String toString() {
    return String.join("\n", events)
        + "\nclient: "
        + transport.written()
        + "\nshut: "
        + transport.outputShut()
        + "\ncounters: "
        + statistics.bytesSent()
        + " "
        + statistics.chunksSent()
        + " "
        + statistics.bytesReceived()
        + " "
        + statistics.chunksReceived();
  }
}
