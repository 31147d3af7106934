package io.nbd4j.model;

/** The states of a handle that its calls distinguish, in the words of libnbd's error messages. */
public enum StateWord {
  /** Nothing was started, or a TCP attempt failed and another may be made. */
  CREATED("newly created"),
  /** The connection is being made, or an option is being negotiated. */
  CONNECTING("connecting"),
  /** Paused in option negotiation; the caller decides what comes next. */
  NEGOTIATING("negotiating"),
  /** Commands can be issued. */
  CONNECTED("connected with the server"),
  /** The connection has ended in order. */
  CLOSED("shut down"),
  /** The connection has ended with an error. */
  DEAD("dead");

  private final String words;

  StateWord(String words) {
    this.words = words;
  }

  /**
   * The state as error messages name it, for example {@code newly created}.
   *
   * @return the words
   */
  public String words() {
    return words;
  }
}
