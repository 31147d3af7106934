package io.nbd4j;

import static io.nbd4j.Failures.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.model.ApiCall;
import io.nbd4j.model.BlockSize;
import io.nbd4j.model.CommandFlags;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.model.StateWord;
import io.nbd4j.model.TlsMode;
import io.nbd4j.script.Bytes;
import io.nbd4j.script.Export;
import io.nbd4j.script.Peer;
import io.nbd4j.script.ScriptedServer;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every call is refused, with libnbd's text, in every state that does not permit it. */
final class StateRefusalTest {

  private static final Export EXPORT = Export.of(1 << 20);

  private static ScriptedServer serverFor(StateWord word) {
    return ScriptedServer.start(
        switch (word) {
          case CREATED, CONNECTING -> Peer::awaitEnd;
          case NEGOTIATING ->
              peer -> {
                peer.begin();
                peer.negotiate(EXPORT);
              };
          case CONNECTED, CLOSED ->
              peer -> {
                peer.greet(EXPORT);
                peer.serve();
              };
          case DEAD -> peer -> peer.send(new Bytes().text("this is not NBD."));
        });
  }

  private static void enter(StateWord word, NbdHandle handle, ScriptedServer server)
      throws NbdException {
    handle.setOptMode(word == StateWord.NEGOTIATING);
    switch (word) {
      case CREATED -> {}
      case CONNECTING -> handle.aioConnectUnix(server.socket());
      case NEGOTIATING, CONNECTED -> handle.connectUnix(server.socket());
      case CLOSED -> {
        handle.connectUnix(server.socket());
        handle.shutdown();
      }
      case DEAD ->
          fails(
              0,
              "nbd_connect_unix: handshake: server did not send expected NBD magic",
              () -> handle.connectUnix(server.socket()));
    }
  }

  private static String shortName(StateWord word) {
    return switch (word) {
      case CREATED -> "START";
      case CONNECTING -> "MAGIC.RECV_MAGIC";
      case NEGOTIATING -> "NEGOTIATING";
      case CONNECTED -> "READY";
      case CLOSED -> "CLOSED";
      case DEAD -> "DEAD";
    };
  }

  @ParameterizedTest
  @EnumSource
  void everyCallThatAStateDoesNotPermitIsRefused(StateWord word) throws IOException {
    try (ScriptedServer server = serverFor(word);
        NbdHandle handle = new NbdHandle()) {
      enter(word, handle, server);
      for (ApiCall call : ApiCall.values()) {
        if (call.permitted().contains(word)) {
          continue;
        }
        Optional<Method> found = method(call);
        if (found.isPresent()) {
          refused(handle, word, call, found.get());
        } else {
          String name = call.functionName();
          assertTrue(name.contains("tls") || name.contains("vsock"), () -> name + " has no method");
        }
      }
      assertEquals(word == StateWord.CREATED, handle.aioIsCreated());
      assertEquals(word == StateWord.CONNECTING, handle.aioIsConnecting());
      assertEquals(word == StateWord.NEGOTIATING, handle.aioIsNegotiating());
      assertEquals(word == StateWord.CONNECTED, handle.aioIsReady());
      assertEquals(word == StateWord.CLOSED, handle.aioIsClosed());
      assertEquals(word == StateWord.DEAD, handle.aioIsDead());
    }
  }

  private static void refused(NbdHandle handle, StateWord word, ApiCall call, Method method)
      throws IOException {
    List<String> words =
        Arrays.stream(StateWord.values())
            .filter(call.permitted()::contains)
            .map(StateRefusalTest::words)
            .toList();
    try (SocketChannel unused = SocketChannel.open()) {
      Object[] arguments =
          Arrays.stream(method.getParameterTypes())
              .map(type -> type == SocketChannel.class ? unused : argument(type))
              .toArray();
      InvocationTargetException thrown =
          assertThrows(
              InvocationTargetException.class,
              () -> method.invoke(handle, arguments),
              call::functionName);
      NbdException failure = assertInstanceOf(NbdException.class, thrown.getCause());
      int errno = word == StateWord.CREATED ? Errno.ENOTCONN : Errno.EINVAL;
      assertEquals(
          call.functionName()
              + ": invalid state: "
              + shortName(word)
              + ": the handle must be "
              + String.join(", or ", words)
              + ": "
              + Errno.text(errno),
          failure.text());
      assertEquals(errno, failure.errno());
      assertEquals(NbdException.Kind.USAGE, failure.kind());
      assertEquals(call, failure.call());
    }
  }

  private static String words(StateWord word) {
    return switch (word) {
      case CREATED -> "newly created";
      case CONNECTING -> "connecting";
      case NEGOTIATING -> "negotiating";
      case CONNECTED -> "connected with the server";
      case CLOSED -> "shut down";
      case DEAD -> "dead";
    };
  }

  private static Optional<Method> method(ApiCall call) {
    return Arrays.stream(NbdHandle.class.getMethods())
        .filter(method -> method.getName().equals(call.methodName()))
        .filter(method -> !Modifier.isStatic(method.getModifiers()))
        .max(Comparator.comparingInt(Method::getParameterCount));
  }

  private static Object argument(Class<?> type) {
    if (type.isInterface() && type != List.class) {
      return Proxy.newProxyInstance(
          type.getClassLoader(),
          new Class<?>[] {type},
          (proxy, method, arguments) -> {
            throw new AssertionError("called " + method);
          });
    }
    return switch (type.getSimpleName()) {
      case "boolean" -> true;
      case "int" -> 1;
      case "long" -> 1L;
      case "String" -> "x";
      case "List" -> List.of("x");
      case "ByteBuffer" -> ByteBuffer.allocate(1);
      case "CommandFlags" -> CommandFlags.NONE;
      case "TlsMode" -> TlsMode.DISABLE;
      case "BlockSize" -> BlockSize.MINIMUM;
      case "SocketAddress" -> (SocketAddress) InetSocketAddress.createUnresolved("x", 1);
      default -> throw new AssertionError("no argument of type " + type);
    };
  }

  @Test
  void theTextsAreThoseOfLibnbd() throws IOException {
    try (NbdHandle handle = new NbdHandle()) {
      fails(
          Errno.ENOTCONN,
          "nbd_get_size: invalid state: START: the handle must be negotiating, or connected with"
              + " the server, or shut down",
          handle::getSize);
      fails(
          Errno.ENOTCONN,
          "nbd_pread: invalid state: START: the handle must be connected with the server",
          () -> handle.pread(ByteBuffer.allocate(1), 0));
      fails(
          Errno.EINVAL,
          "nbd_aio_notify_read: external event 0 is invalid in state START",
          handle::aioNotifyRead);
      fails(
          Errno.EINVAL,
          "nbd_aio_notify_write: external event 1 is invalid in state START",
          handle::aioNotifyWrite);
      fails(Errno.EINVAL, "nbd_poll: nothing to poll for in state START", () -> handle.poll(0));
      fails(
          Errno.EINVAL, "nbd_aio_get_fd: connection is not in a connected state", handle::aioGetFd);
      fails(
          Errno.EINVAL,
          "nbd_aio_peek_command_completed: no commands are in flight",
          handle::aioPeekCommandCompleted);
      fails(
          Errno.EINVAL,
          "nbd_aio_command_completed: invalid aio cookie 0",
          () -> handle.aioCommandCompleted(0));
      assertEquals("START: Handle after being initially created", handle.connectionState());
      assertEquals(0, handle.aioGetDirection());
    }
  }

  @Test
  void aReadyHandleRefusesWhatIsForBefore() throws IOException {
    try (ScriptedServer server = ScriptedServer.serving(EXPORT);
        NbdHandle handle = new NbdHandle()) {
      handle.connectUnix(server.socket());
      fails(
          Errno.EINVAL,
          "nbd_connect_unix: invalid state: READY: the handle must be newly created",
          () -> handle.connectUnix(server.socket()));
      fails(
          Errno.EINVAL,
          "nbd_set_export_name: invalid state: READY: the handle must be newly created, or"
              + " negotiating",
          () -> handle.setExportName("x"));
      fails(
          Errno.EINVAL,
          "nbd_aio_notify_write: external event 1 is invalid in state READY",
          handle::aioNotifyWrite);
      assertEquals("READY: Connection is ready to process NBD commands", handle.connectionState());
      handle.shutdown();
      fails(
          Errno.EINVAL, "nbd_aio_get_fd: connection is not in a connected state", handle::aioGetFd);
      fails(Errno.EINVAL, "nbd_poll: nothing to poll for in state CLOSED", () -> handle.poll(-1));
      fails(
          Errno.EINVAL,
          "nbd_shutdown: invalid state: CLOSED: the handle must be negotiating, or connected with"
              + " the server",
          handle::shutdown);
      assertEquals("CLOSED: Connection is closed", handle.connectionState());
    }
  }
}
