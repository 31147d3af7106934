package io.nbd4j.engine.handshake;

import static io.nbd4j.script.Messages.ABORT;
import static io.nbd4j.script.Messages.option;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.script.Bytes;
import io.nbd4j.script.ScriptedTransport;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every conversation as it is, and cut in every way: the result is always the same. */
final class HandshakeTest {

  /** So many cuts of one conversation are enough; a longer one is cut at larger steps. */
  private static final int MOST_CUTS = 300;

  static Stream<Conversation> conversations() {
    return Stream.concat(BeginningConversations.all().stream(), OptionConversations.all().stream());
  }

  @ParameterizedTest
  @MethodSource("conversations")
  void saysAndConcludesWhatTheProtocolAsksFor(Conversation conversation) throws IOException {
    ScriptedTransport transport = new ScriptedTransport(conversation.server);
    Playback playback = Playback.play(conversation, transport);
    assertEvents(conversation.events, playback.events);
    Bytes client = conversation.client.size() == 0 ? transport.written() : conversation.client;
    assertEquals(client.toString(), transport.written().toString(), "what the client sends");
    assertEquals(transport.consumed(), playback.statistics.bytesReceived());
    assertEquals(transport.written().size(), playback.statistics.bytesSent());
    if (!playback.events.getLast().startsWith("failed")) {
      assertEquals(conversation.server.size(), transport.consumed(), "what the client takes in");
    }
    boolean aborted = transport.written().toString().endsWith(option(ABORT).toString());
    assertEquals(aborted, transport.outputShut(), "the end of the client's stream");
  }

  private static void assertEvents(List<String> expected, List<String> actual) {
    String all = String.join("\n", actual);
    assertEquals(expected.size(), actual.size(), all);
    for (int i = 0; i < expected.size(); i++) {
      String line = expected.get(i);
      if (line.endsWith("*")) {
        String beginning = line.substring(0, line.length() - 1);
        assertTrue(actual.get(i).startsWith(beginning), () -> line + " expected in\n" + all);
      } else {
        assertEquals(line, actual.get(i), all);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("conversations")
  void isTheSameHoweverTheServersBytesArrive(Conversation conversation) throws IOException {
    String whole = whole(conversation);
    for (int size : new int[] {1, 2, 3, 7, 19, 20, 21}) {
      assertEquals(
          whole,
          Playback.play(conversation, new ScriptedTransport(conversation.server).pieces(size))
              .toString(),
          () -> "pieces of " + size);
      assertEquals(
          whole,
          Playback.play(
                  conversation, new ScriptedTransport(conversation.server).pieces(size).pausing())
              .toString(),
          () -> "pieces of " + size + " with pauses");
    }
    int last = conversation.server.size();
    for (int at = 0; at <= last; at += step(last)) {
      int cut = at;
      assertEquals(
          whole,
          Playback.play(conversation, new ScriptedTransport(conversation.server).cutAt(cut))
              .toString(),
          () -> "cut at " + cut);
    }
  }

  @ParameterizedTest
  @MethodSource("conversations")
  void isTheSameHoweverTheClientsBytesLeave(Conversation conversation) throws IOException {
    String whole = whole(conversation);
    int last = conversation.client.size();
    for (int at = 0; at <= last; at++) {
      int size = at + 1;
      assertEquals(
          whole,
          Playback.play(conversation, new ScriptedTransport(conversation.server).accepting(size))
              .toString(),
          () -> "writes of " + size);
      int cut = at;
      assertEquals(
          whole,
          Playback.play(
                  conversation,
                  new ScriptedTransport(conversation.server).fullAt(cut).pieces(1).pausing())
              .toString(),
          () -> "full at " + cut);
    }
  }

  @ParameterizedTest
  @MethodSource("conversations")
  void endsInOrderWhereverTheServerEnds(Conversation conversation) throws IOException {
    ScriptedTransport undisturbed = new ScriptedTransport(conversation.server);
    String whole = Playback.play(conversation, undisturbed).toString();
    int last = conversation.server.size();
    for (int at = 0; at <= last; at += step(last)) {
      int end = at;
      Playback cut =
          Playback.play(conversation, new ScriptedTransport(conversation.server).endAt(end));
      if (end < undisturbed.consumed()) {
        assertEquals(
            Playback.DISCONNECTED, cut.events.getLast(), () -> "the server ends at " + end);
      } else {
        assertEquals(whole, cut.toString(), () -> "the server ends at " + end);
      }
    }
  }

  private static String whole(Conversation conversation) throws IOException {
    return Playback.play(conversation, new ScriptedTransport(conversation.server)).toString();
  }

  private static int step(int length) {
    return Math.max(1, length / MOST_CUTS);
  }
}
