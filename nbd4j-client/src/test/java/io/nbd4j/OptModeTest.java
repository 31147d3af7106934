package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static io.nbd4j.Failures.failsLike;
import static io.nbd4j.script.Messages.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Options negotiated by the caller, waited for or not. */
final class OptModeTest {

  /** A server without the automatic options, whose answers follow each option in turn. */
  private static ScriptedServer answering(Bytes... answers) {
    return ScriptedServer.start(peer -> {
      peer.begin();
      for (Bytes answer : answers) {
        peer.readOption();
        peer.send(answer);
      }
      peer.awaitEnd();
    });
  }

  private static void connect(NbdHandle handle, ScriptedServer server) throws NbdException {
    handle.setOptMode(true);
    handle.setRequestStructuredReplies(false);
    handle.connectUnix(server.socket());
    assertTrue(handle.aioIsNegotiating());
  }

  private static void pollWhileConnecting(NbdHandle handle) throws NbdException {
    while (handle.aioIsConnecting()) {
      handle.poll(-1);
    }
  }

  @Test
  void exportsAreListed() throws IOException {
    try (ScriptedServer server =
            answering(
                Bytes.all(server("a", "first"), server("b", ""), ack(LIST)),
                Bytes.all(server("c", ""), refusal(LIST, ERR_POLICY, "no more")),
                Bytes.all(server("d", ""), ack(LIST)));
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      List<String> seen = new ArrayList<>();
      assertEquals(2, handle.optList((name, description) -> seen.add(name + "=" + description)));
      fails(
          Errno.ENOTSUP,
          () -> handle.optList((name, description) -> seen.add(name + "=" + description)));
      assertTrue(handle.aioIsNegotiating());
      handle.aioOptList(
          (name, description) -> seen.add(name),
          error -> {
            seen.add("end " + error);
            return true;
          });
      pollWhileConnecting(handle);
      assertEquals(List.of("a=first", "b=", "c=", "d", "end 0"), seen);
      assertTrue(handle.aioIsNegotiating());
    }
  }

  @Test
  void metaContextsAreListedAndSelected() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.begin();
              assertEquals(queries(LIST_META_CONTEXT, "e", "p:q").toString(), asked(peer));
              peer.send(metaContext(LIST_META_CONTEXT, 0, "p:q"), ack(LIST_META_CONTEXT));
              assertEquals(queries(LIST_META_CONTEXT, "e", "x:").toString(), asked(peer));
              peer.send(ack(LIST_META_CONTEXT));
              assertEquals(queries(SET_META_CONTEXT, "e", "p:q").toString(), asked(peer));
              peer.send(metaContext(SET_META_CONTEXT, 9, "p:q"), ack(SET_META_CONTEXT));
              assertEquals(queries(SET_META_CONTEXT, "e").toString(), asked(peer));
              peer.send(refusal(SET_META_CONTEXT, ERR_INVALID, ""));
              assertEquals(queries(LIST_META_CONTEXT, "e").toString(), asked(peer));
              peer.send(metaContext(LIST_META_CONTEXT, 1, "z:z"), ack(LIST_META_CONTEXT));
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      handle.setExportName("e");
      handle.addMetaContext("p:q");
      connect(handle, server);
      List<String> seen = new ArrayList<>();
      assertEquals(1, handle.optListMetaContext(seen::add));
      assertEquals(0, handle.optListMetaContextQueries(List.of("x:"), seen::add));
      assertEquals(1, handle.optSetMetaContext(seen::add));
      fails(Errno.ENOTSUP, () -> handle.optSetMetaContextQueries(List.of(), seen::add));
      handle.aioOptListMetaContextQueries(
          List.of(),
          seen::add,
          error -> {
            seen.add("end " + error);
            return true;
          });
      pollWhileConnecting(handle);
      assertEquals(List.of("p:q", "p:q", "z:z", "end 0"), seen);
    }
  }

  private static String asked(Peer peer) throws IOException {
    Peer.Option option = peer.readOption();
    return option(option.number(), option.data()).toString();
  }

  @Test
  void featuresAreAgreedOnOrNot() throws IOException {
    try (ScriptedServer server =
            answering(
                refusal(EXTENDED_HEADERS, ERR_UNSUP, ""),
                ack(STRUCTURED_REPLY),
                ack(EXTENDED_HEADERS),
                refusal(STRUCTURED_REPLY, ERR_EXT_HEADER_REQD, ""),
                refusal(EXTENDED_HEADERS, ERR_INVALID, "twice"),
                refusal(STRUCTURED_REPLY, ERR_POLICY, ""));
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      assertFalse(handle.optExtendedHeaders());
      assertFalse(handle.getStructuredRepliesNegotiated());
      assertTrue(handle.optStructuredReply());
      assertTrue(handle.getStructuredRepliesNegotiated());
      assertFalse(handle.getExtendedHeadersNegotiated());
      assertTrue(handle.optExtendedHeaders());
      assertTrue(handle.getExtendedHeadersNegotiated());
      assertFalse(handle.optStructuredReply());
      assertTrue(handle.getStructuredRepliesNegotiated());
      List<Integer> errors = new ArrayList<>();
      handle.aioOptExtendedHeaders(error -> errors.add(error));
      pollWhileConnecting(handle);
      handle.aioOptStructuredReply(error -> errors.add(error));
      pollWhileConnecting(handle);
      assertEquals(List.of(Errno.EINVAL, Errno.ENOTSUP), errors);
    }
  }

  @Test
  void aRefusedExportLeavesTheChoiceOfAnother() throws IOException {
    try (ScriptedServer server =
            answering(
                refusal(GO, ERR_UNKNOWN, "no such export"),
                refusal(INFO, ERR_POLICY, ""),
                refusal(GO, ERR_PLATFORM, ""),
                refusal(INFO, ERR_SHUTDOWN, ""),
                Bytes.all(infoExport(INFO, 77, 3), ack(INFO)),
                Bytes.all(infoExport(GO, 78, 3), ack(GO)));
        NbdHandle handle = new NbdHandle()) {
      handle.setExportName("one");
      connect(handle, server);
      NbdException failure = fails(Errno.ENOENT, handle::optGo);
      assertTrue(failure.text().startsWith("nbd_opt_go: "), failure.text());
      assertTrue(failure.text().contains("no such export"), failure.text());
      assertEquals(NbdException.Kind.SERVER, failure.kind());
      assertTrue(handle.aioIsNegotiating());
      NbdException policy = failsLike(0, "nbd_opt_info: ", handle::optInfo);
      assertTrue(policy.text().contains("policy"), policy.text());
      List<Integer> errors = new ArrayList<>();
      handle.aioOptGo(error -> errors.add(error));
      pollWhileConnecting(handle);
      handle.aioOptInfo(error -> errors.add(error));
      pollWhileConnecting(handle);
      handle.setExportName("two");
      handle.aioOptInfo(error -> errors.add(error));
      pollWhileConnecting(handle);
      assertEquals(77, handle.getSize());
      handle.aioOptGo(error -> errors.add(error));
      pollWhileConnecting(handle);
      assertTrue(handle.aioIsReady());
      assertEquals(78, handle.getSize());
      assertEquals(
          List.of(Errno.ENOTSUP, Errno.ESHUTDOWN, 0, 0),
          errors,
          "a refusal without a number of its own counts as ENOTSUP");
    }
  }

  @Test
  void anEchoOfAnotherOptionIsDeadly() throws IOException {
    try (ScriptedServer server = answering(ack(STRUCTURED_REPLY));
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      fails(Errno.EPROTO, () -> handle.optList((name, description) -> {}));
      assertTrue(handle.aioIsDead());
    }
  }

  @Test
  void anOptionEndsWithTheConnection() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.begin();
              peer.readOption();
            });
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      failsLike(0, "nbd_opt_go: recv: server disconnected unexpectedly", handle::optGo);
      assertTrue(handle.aioIsDead());
    }
    List<Integer> errors = new ArrayList<>();
    try (ScriptedServer server = answering();
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      handle.aioOptInfo(error -> errors.add(error));
    }
    assertEquals(List.of(Errno.ENOTCONN), errors, "the handle was closed");
  }

  /** The callback runs if, and only if, the call itself succeeded. */
  @Test
  void anOptionThatFailsAtOnceIsReportedOnce() throws Exception {
    try (ScriptedServer server = ScriptedServer.start(Peer::begin);
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      server.join();
      List<Integer> errors = new ArrayList<>();
      boolean begun = true;
      try {
        handle.aioOptGo(error -> errors.add(error));
        while (handle.aioIsConnecting()) {
          handle.poll(-1);
        }
      } catch (NbdException e) {
        begun = e.text().startsWith("nbd_poll");
      }
      assertTrue(handle.aioIsDead());
      assertEquals(begun ? 1 : 0, errors.size());
      assertFalse(errors.contains(0));
    }
  }

  @Test
  void oneOptionAtATime() throws IOException {
    try (ScriptedServer server = answering();
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      handle.aioOptInfo(null);
      failsLike(Errno.EINVAL, "nbd_opt_go: invalid state: NEWSTYLE.OPT", handle::optGo);
    }
  }

  @Test
  void abortClosesInOrder() throws Exception {
    for (boolean waits : new boolean[] {true, false}) {
      try (ScriptedServer server =
              ScriptedServer.start(peer -> {
                peer.begin();
                peer.expectOption(ABORT);
                peer.awaitEnd();
              });
          NbdHandle handle = new NbdHandle()) {
        connect(handle, server);
        if (waits) {
          handle.optAbort();
        } else {
          handle.aioOptAbort();
          pollWhileConnecting(handle);
        }
        assertTrue(handle.aioIsClosed());
        assertEquals("newstyle-fixed", handle.getProtocol(), "still known");
        server.join();
      }
    }
  }

  @Test
  void onlyGoWithoutFixedNewstyle() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.send(newstyle(2));
              peer.receive(4);
              peer.expectOption(EXPORT_NAME);
              peer.send(exportNameReply(99, 3, false));
              peer.serve();
            });
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      assertEquals("newstyle", handle.getProtocol());
      String text = ": server is not using fixed newstyle protocol";
      fails(Errno.ENOTSUP, "nbd_opt_info" + text, handle::optInfo);
      fails(Errno.ENOTSUP, "nbd_opt_list" + text, () -> handle.optList((name, description) -> {}));
      fails(Errno.ENOTSUP, "nbd_opt_structured_reply" + text, handle::optStructuredReply);
      assertTrue(handle.aioIsNegotiating());
      handle.optGo();
      assertEquals(99, handle.getSize());
      handle.shutdown();
    }
    try (ScriptedServer server =
            ScriptedServer.start(peer -> {
              peer.send(newstyle(2));
              peer.awaitEnd();
            });
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      fails(Errno.ENOTSUP, handle::optAbort);
      assertTrue(handle.aioIsDead());
    }
  }

  @Test
  void aCompletionMayBeginTheNextOption() throws IOException {
    try (ScriptedServer server = answering(ack(LIST), Bytes.all(infoExport(GO, 5, 3), ack(GO)));
        NbdHandle handle = new NbdHandle()) {
      connect(handle, server);
      List<String> seen = new ArrayList<>();
      handle.aioOptList(
          (name, description) -> {},
          error -> {
            seen.add("listed");
            handle.aioOptGo(gone -> {
              seen.add("gone " + gone);
              return true;
            });
            return true;
          });
      while (!handle.aioIsReady()) {
        handle.poll(-1);
      }
      assertEquals(List.of("listed", "gone 0"), seen);
    }
  }

  @Test
  void selectedContextsServeBlockStatus() throws IOException {
    try (ScriptedServer server =
            ScriptedServer.serving(Export.of(1 << 20).extended().contexts("a:b"));
        NbdHandle handle = new NbdHandle()) {
      handle.setOptMode(true);
      handle.connectUnix(server.socket());
      handle.setRequestMetaContext(false);
      assertEquals(1, handle.optSetMetaContextQueries(List.of("a:b"), name -> {}));
      assertTrue(handle.aioIsNegotiating());
      handle.optGo();
      assertTrue(handle.canMetaContext("a:b"));
      handle.blockStatus64(512, 0, (name, offset, extents, error) -> {});
      handle.shutdown();
    }
  }
}
