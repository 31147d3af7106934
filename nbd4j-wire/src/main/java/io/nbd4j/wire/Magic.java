package io.nbd4j.wire;

import java.util.Map;

/** The magic numbers that open the handshake and each message. */
public final class Magic {
  /** {@code NBDMAGIC}: the first 8 bytes from every server. */
  public static final long INIT = 0x4e42444d41474943L;

  /**
   * {@code IHAVEOPT}: the second 8 bytes from a newstyle server, and the start of each option
   * request.
   */
  public static final long IHAVEOPT = 0x49484156454f5054L;

  /** The second 8 bytes from an oldstyle server. */
  public static final long OLDSTYLE = 0x0000420281861253L;

  /** The start of each option reply. */
  public static final long OPTION_REPLY = 0x0003e889045565a9L;

  /** The start of a compact request. */
  public static final int REQUEST = 0x25609513;

  /** The start of a simple reply. */
  public static final int SIMPLE_REPLY = 0x67446698;

  /** The start of a structured reply chunk. */
  public static final int STRUCTURED_REPLY = 0x668e33ef;

  /** The start of a request with an extended header. */
  public static final int EXTENDED_REQUEST = 0x21e41c71;

  /** The start of a reply chunk with an extended header. */
  public static final int EXTENDED_REPLY = 0x6e8a278c;

  private static final Map<Long, String> NAMES =
      Map.of(
          INIT,
          "NBDMAGIC",
          IHAVEOPT,
          "IHAVEOPT",
          OLDSTYLE,
          "OLDSTYLE",
          OPTION_REPLY,
          "OPTION_REPLY",
          (long) REQUEST,
          "REQUEST",
          (long) SIMPLE_REPLY,
          "SIMPLE_REPLY",
          (long) STRUCTURED_REPLY,
          "STRUCTURED_REPLY",
          (long) EXTENDED_REQUEST,
          "EXTENDED_REQUEST",
          (long) EXTENDED_REPLY,
          "EXTENDED_REPLY");

  private Magic() {}

  /**
   * The name of a magic number of 4 or 8 bytes; an unknown one is shown in hexadecimal.
   *
   * @param magic the number; one of 4 bytes is widened
   * @return for example {@code IHAVEOPT}, or {@code unknown (0x1234)}
   */
  public static String name(long magic) {
    String name = NAMES.get(magic);
    return name != null ? name : "unknown (0x" + Long.toHexString(magic) + ")";
  }
}
