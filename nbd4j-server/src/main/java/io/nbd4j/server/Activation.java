package io.nbd4j.server;

import java.io.IOException;
import java.util.Map;

/** The environment with which systemd hands over a socket. */
final class Activation {
  /** The first descriptor that is handed over. */
  static final int FIRST = 3;

  private Activation() {}

  /**
   * Checks that exactly one socket was handed to this process.
   *
   * @throws IOException with what is wrong if not
   */
  static void check(Map<String, String> environment, long pid) throws IOException {
    String forPid = environment.get("LISTEN_PID");
    String count = environment.get("LISTEN_FDS");
    if (forPid == null || count == null) {
      throw new IOException("no socket activation: LISTEN_PID and LISTEN_FDS are not both set");
    }
    if (!forPid.equals(Long.toString(pid))) {
      throw new IOException(
          "socket activation is for process " + forPid + ", and this one is " + pid);
    }
    if (!count.equals("1")) {
      throw new IOException("socket activation with one socket is possible, not with " + count);
    }
  }
}
