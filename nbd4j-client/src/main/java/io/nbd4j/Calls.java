package io.nbd4j;

import io.nbd4j.engine.drive.Connection;
import io.nbd4j.engine.session.Failure;
import io.nbd4j.engine.session.Settings;
import io.nbd4j.model.ApiCall;
import io.nbd4j.model.Errno;
import io.nbd4j.model.NbdException;
import io.nbd4j.model.StateWord;
import io.nbd4j.wire.Limits;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What every public call begins and ends with: the check of the state, and the error's full form.
 */
final class Calls {

  /** The proper part of a call that only looks at, or changes, what the handle holds. */
  @FunctionalInterface
  interface Query<T extends @Nullable Object> {
    T get() throws Failure;
  }

  /** The proper part of a call that returns nothing. */
  @FunctionalInterface
  interface Action {
    void run() throws Failure;
  }

  private final Connection connection;
  private final ReentrantLock lock;

  Calls(Connection connection) {
    this.connection = connection;
    this.lock = connection.commands().lock;
  }

  /** Refuses a call in a state that does not permit it. */
  void check(ApiCall call) throws NbdException {
    connection.trace().enter(call);
    StateWord word = connection.state().word();
    if (!call.permitted().contains(word)) {
      throw refused(call, word);
    }
  }

  private NbdException refused(ApiCall call, StateWord word) {
    Set<StateWord> permitted = call.permitted();
    return fail(
        call,
        Failure.usage(
            word == StateWord.CREATED ? Errno.ENOTCONN : Errno.EINVAL,
            "invalid state: "
                + connection.state().shortName()
                + ": the handle must be "
                + permitted.stream().map(StateWord::words).collect(Collectors.joining(", or "))));
  }

  /** A call that looks at or changes settings and results; it runs under the lock. */
  <T extends @Nullable Object> T query(ApiCall call, Query<T> query) throws NbdException {
    lock.lock();
    try {
      check(call);
      return query.get();
    } catch (Failure e) {
      throw fail(call, e);
    } finally {
      lock.unlock();
    }
  }

  /** A call that changes settings; it runs under the lock. */
  void change(ApiCall call, Action change) throws NbdException {
    lock.lock();
    try {
      check(call);
      change.run();
    } catch (Failure e) {
      throw fail(call, e);
    } finally {
      lock.unlock();
    }
  }

  /** A call that drives the connection; it runs without the lock. */
  void drive(ApiCall call, Action action) throws NbdException {
    check(call);
    try {
      action.run();
    } catch (Failure e) {
      throw fail(call, e);
    }
  }

  /** As {@link #drive}, with a result. */
  <T extends @Nullable Object> T driven(ApiCall call, Query<T> action) throws NbdException {
    check(call);
    try {
      return action.get();
    } catch (Failure e) {
      throw fail(call, e);
    }
  }

  /** The exception that the caller sees. */
  NbdException fail(ApiCall call, Failure why) {
    return fail(call, why, null);
  }

  /** The exception that the caller sees, with what the server said of a command. */
  NbdException fail(ApiCall call, Failure why, @Nullable String serverText) {
    if (connection.trace().on()) {
      connection.trace().message("leave: error=\"" + why.text() + "\"");
    }
    boolean usage = why.kind() == NbdException.Kind.USAGE;
    Settings settings = connection.settings();
    return new NbdException(
        call,
        why.errno(),
        why.kind(),
        why.text(),
        usage ? "" : connection.peer().place(why),
        usage ? null : settings.exportName,
        usage ? "" : connection.phase().shortName(),
        serverText,
        why.getCause());
  }

  /** Refuses null, as every mandatory parameter does. */
  static <T> T notNull(ApiCall call, @Nullable T value, String parameter) throws NbdException {
    if (value == null) {
      throw new NbdException(
          call,
          Errno.EFAULT,
          NbdException.Kind.USAGE,
          parameter + " cannot be NULL",
          "",
          null,
          "",
          null,
          null);
    }
    return value;
  }

  /** Refuses a string that the protocol can't carry. */
  static void checkLength(String text, String what) throws Failure {
    if (text.indexOf('\0') >= 0) {
      throw Failure.usage(Errno.EINVAL, what + " contains a NUL character");
    }
    if (text.length() > Limits.MAX_STRING
        || text.getBytes(StandardCharsets.UTF_8).length > Limits.MAX_STRING) {
      throw Failure.usage(Errno.ENAMETOOLONG, what + " too long for NBD protocol");
    }
  }

  /** Refuses bits outside a mask. */
  static void checkMask(String parameter, int flags, int mask) throws Failure {
    if ((flags & ~mask) != 0) {
      throw Failure.usage(
          Errno.EINVAL, parameter + ": invalid value for flag: 0x" + Integer.toHexString(flags));
    }
  }
}
