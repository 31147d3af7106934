package io.nbd4j.engine.state;

import io.nbd4j.model.StateWord;

/**
 * Where a handle stands. One enum a phase, so that a switch over a phase is exhaustive.
 *
 * <p>The names follow libnbd's, which people know from its debug output and error messages.
 */
public sealed interface State {

  /** The name as in error messages, for example {@code MAGIC.RECV_MAGIC}. */
  String shortName();

  /** The name for people. */
  String description();

  /** The state as the calls' permissions know it. */
  StateWord word();

  /** What {@code connectionState} shows. */
  default String display() {
    return shortName() + ": " + description();
  }

  /** Before the handshake: a socket or a process is to be connected. */
  enum Connect implements State {
    START("START", "Handle after being initially created"),
    RESOLVED("CONNECT_TCP.CONNECT", "Trying the addresses of the server's name"),
    CONNECTING("CONNECT.CONNECTING", "Connecting to the remote server"),
    STARTING_COMMAND("CONNECT_COMMAND.START", "Starting the server as a subprocess"),
    STARTING_ACTIVATION("CONNECT_SA.START", "Starting the server with socket activation");

    private final String shortName;
    private final String description;

    Connect(String shortName, String description) {
      this.shortName = shortName;
      this.description = description;
    }

    @Override
    public String shortName() {
      return shortName;
    }

    @Override
    public String description() {
      return description;
    }

    @Override
    public StateWord word() {
      return this == START ? StateWord.CREATED : StateWord.CONNECTING;
    }
  }

  /** The handshake: half duplex, one message after the other. */
  enum Handshake implements State {
    RECV_MAGIC("MAGIC.RECV_MAGIC", "Receive initial magic identifier"),
    RECV_OLDSTYLE("OLDSTYLE.RECV_REMAINING", "Receive remainder of oldstyle header"),
    RECV_FLAGS("NEWSTYLE.RECV_GFLAGS", "Receive newstyle handshake flags"),
    SEND_FLAGS("NEWSTYLE.SEND_CFLAGS", "Send newstyle client flags"),
    SEND_OPTION("NEWSTYLE.OPT.SEND", "Send an option request"),
    RECV_REPLY("NEWSTYLE.OPT.RECV_REPLY", "Receive the header of an option reply"),
    RECV_REPLY_PAYLOAD("NEWSTYLE.OPT.RECV_REPLY_PAYLOAD", "Receive the payload of an option reply"),
    SKIP_REPLY_PAYLOAD("NEWSTYLE.OPT.SKIP_REPLY_PAYLOAD", "Skip an option reply that is too large"),
    RECV_EXPORT(
        "NEWSTYLE.OPT_EXPORT_NAME.RECV_REPLY", "Receive the answer to the export name option"),
    NEGOTIATING("NEGOTIATING", "Connection is ready to negotiate an NBD option");

    private final String shortName;
    private final String description;

    Handshake(String shortName, String description) {
      this.shortName = shortName;
      this.description = description;
    }

    @Override
    public String shortName() {
      return shortName;
    }

    @Override
    public String description() {
      return description;
    }

    @Override
    public StateWord word() {
      return this == NEGOTIATING ? StateWord.NEGOTIATING : StateWord.CONNECTING;
    }

    /** Whether it is room to write that is needed, and not bytes to read. */
    public boolean sending() {
      return this == SEND_FLAGS || this == SEND_OPTION;
    }
  }

  /** Transmission: full duplex. Sending and receiving go on side by side. */
  enum Transmission implements State {
    READY("READY", "Connection is ready to process NBD commands"),
    SENDING("ISSUE_COMMAND.SEND_REQUEST", "Sending a request to the remote server"),
    RECEIVING("REPLY.RECV_REPLY", "Receiving a reply from the remote server");

    private final String shortName;
    private final String description;

    Transmission(String shortName, String description) {
      this.shortName = shortName;
      this.description = description;
    }

    @Override
    public String shortName() {
      return shortName;
    }

    @Override
    public String description() {
      return description;
    }

    @Override
    public StateWord word() {
      return StateWord.CONNECTED;
    }
  }

  /** The end. Neither can be left. */
  enum End implements State {
    DEAD("DEAD", "Connection is in an unrecoverable error state, can only be closed"),
    CLOSED("CLOSED", "Connection is closed");

    private final String shortName;
    private final String description;

    End(String shortName, String description) {
      this.shortName = shortName;
      this.description = description;
    }

    @Override
    public String shortName() {
      return shortName;
    }

    @Override
    public String description() {
      return description;
    }

    @Override
    public StateWord word() {
      return this == DEAD ? StateWord.DEAD : StateWord.CLOSED;
    }
  }
}
