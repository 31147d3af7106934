package io.nbd4j.uri;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.uri.NbdUri.Transport;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NbdUriTest {
  private static final String NO_SCHEME =
      "NBD URI does not have a scheme: valid NBD URIs should start with a scheme like nbd://,"
          + " nbds:// or nbd+unix://";
  private static final String SOCKET_HINT =
      ": to open a local socket use \"nbd+unix://?socket=PATH\"";
  private static final String PORT_HINT =
      ": to open a local port use \"nbd://localhost\" or \"nbd://localhost:PORT\"";

  // Columns: URI, transport, TLS, user, host, port, export, socket; "-" for absent.
  private static final String PARTS =
      """
      nbd://                                  TCP   false -    -           -1    ''      -
      nbd:///                                 TCP   false -    -           -1    ''      -
      nbd://h                                 TCP   false -    h           -1    ''      -
      nbd://h/                                TCP   false -    h           -1    ''      -
      nbd://h//                               TCP   false -    h           -1    /       -
      nbd://h//x                              TCP   false -    h           -1    /x      -
      nbd://h/x/y//z/                         TCP   false -    h           -1    x/y//z/ -
      nbd://h/a/../b/./c                      TCP   false -    h           -1    a/../b/./c -
      nbd://h/a%2Fb                           TCP   false -    h           -1    a/b     -
      nbd://h/%2Fb                            TCP   false -    h           -1    /b      -
      nbd://h/%C3%A9%25                       TCP   false -    h           -1    é%      -
      nbd://h/+                               TCP   false -    h           -1    +       -
      nbd://h/a:b@c!d$e'f(g)h*i,j;k=l&m+n     TCP   false -    h           -1    a:b@c!d$e'f(g)h*i,j;k=l&m+n -
      nbd://h/x#fragment                      TCP   false -    h           -1    x       -
      nbd://h/x?key=value                     TCP   false -    h           -1    x       -
      nbd://h?x                               TCP   false -    h           -1    ''      -
      nbd://h/#a[b]                           TCP   false -    h           -1    ''      -
      nbd://h:1                               TCP   false -    h           1     ''      -
      nbd://h:010809/x                        TCP   false -    h           10809 x       -
      nbd://h:0/                              TCP   false -    h           -1    ''      -
      nbd://h:2147483647                      TCP   false -    h           2147483647 ''  -
      nbd://:1/x                              TCP   false -    -           1     x       -
      nbd://192.0.2.1:5/x                     TCP   false -    192.0.2.1   5     x       -
      nbd://[::1]                             TCP   false -    ::1         -1    ''      -
      nbd://[2001:db8::1]:7/x                 TCP   false -    2001:db8::1 7     x       -
      nbd://[fe80::1%25lo]/                   TCP   false -    fe80::1%lo  -1    ''      -
      nbd://%6cocalhost:1/                    TCP   false -    localhost   1     ''      -
      nbd://h_x~!$&'()*+,;=                   TCP   false -    h_x~!$&'()*+,;= -1 ''     -
      nbd://u@h                               TCP   false u    h           -1    ''      -
      nbd://u:p@h:1/x                         TCP   false u:p  h           1     x       -
      nbd://u:@h                              TCP   false u:   h           -1    ''      -
      nbd://u%40%2F@h                         TCP   false u@/  h           -1    ''      -
      nbd://@h                                TCP   false -    h           -1    ''      -
      nbd://u/@h                              TCP   false -    u           -1    @h      -
      nbds://h/x                              TCP   true  -    h           -1    x       -
      NBD://H/X                               TCP   false -    H           -1    X       -
      Nbds://h                                TCP   true  -    h           -1    ''      -
      nbd+unix:///?socket=/s                  UNIX  false -    -           -1    ''      /s
      nbd+unix://?socket=/s                   UNIX  false -    -           -1    ''      /s
      nbds+unix:///x?socket=/s                UNIX  true  -    -           -1    x       /s
      NBDS+Unix:///x?Socket=/s                UNIX  true  -    -           -1    x       /s
      nbd+unix://u@h:1/x?socket=/s            UNIX  false u    h           1     x       /s
      nbd+unix:///x?socket=a%20b%26c          UNIX  false -    -           -1    x       a·b&c
      nbd+unix:///x?socket=/a+b=c             UNIX  false -    -           -1    x       /a+b=c
      nbd+unix:///x?socket                    UNIX  false -    -           -1    x       ''
      nbd+unix:///x?socket=                   UNIX  false -    -           -1    x       ''
      nbd+unix:///x?socket=/a&socket=/b       UNIX  false -    -           -1    x       /b
      nbd+unix:///x?socket=/a&SOCKET=/b       UNIX  false -    -           -1    x       /b
      nbd+unix:///x?%73ocket=/a               UNIX  false -    -           -1    x       /a
      nbd+unix:///x?=v&socket=/a              UNIX  false -    -           -1    x       /a
      nbd+unix:///x?a&=&&socket=/a            UNIX  false -    -           -1    x       /a
      nbd+unix:///x?a=1;socket=/a             UNIX  false -    -           -1    x       /a
      nbd+unix:///x?a=1&b;socket=/a           UNIX  false -    -           -1    x       /a
      nbd+unix:///x?&&;;socket=/a=b           UNIX  false -    -           -1    x       /a=b
      nbd+unix:///x?socket=/a;b&c             UNIX  false -    -           -1    x       /a;b
      nbd+unix:///x?socket;y&z=/a             UNIX  false -    -           -1    x       -
      nbd+unix:///x?a?socket=/a               UNIX  false -    -           -1    x       -
      nbd+unix:///x?sockets=/a                UNIX  false -    -           -1    x       -
      nbd+unix:///x?socket=/a#f               UNIX  false -    -           -1    x       /a
      nbd+unix:///x#f?socket=/a               UNIX  false -    -           -1    x       -
      nbd+vsock://                            VSOCK false -    -           -1    ''      -
      nbd+vsock://3:5/x                       VSOCK false -    3           5     x       -
      nbds+vsock://u@3/x                      VSOCK true  u    3           -1    x       -
      nbd+ssh://h/x                           SSH   false -    h           -1    x       -
      nbds+ssh://h:23/x?socket=/s             SSH   true  -    h           23    x       /s
      """;

  static Stream<Arguments> parts() {
    return PARTS
        .lines()
        .map(line -> line.split(" +"))
        .map(row ->
            Arguments.of(
                row[0],
                Transport.valueOf(row[1]),
                Boolean.valueOf(row[2]),
                cell(row[3]),
                cell(row[4]),
                Integer.valueOf(row[5]),
                cell(row[6]),
                cell(row[7])));
  }

  private static @Nullable String cell(String text) {
    return switch (text) {
      case "-" -> null;
      case "''" -> "";
      default -> text.replace('·', ' ');
    };
  }

  @ParameterizedTest
  @MethodSource("parts")
  void uriIsTakenApart(
      String text,
      Transport transport,
      boolean tls,
      @Nullable String user,
      @Nullable String host,
      int port,
      String export,
      @Nullable String socket)
      throws Exception {
    assertEquals(
        new NbdUri(transport, tls, user, host, port, export, socket, null, null, null, null),
        NbdUri.parse(text));
  }

  @ParameterizedTest
  @MethodSource("parts")
  void canonicalFormIsItsOwnCanonicalForm(String text) throws Exception {
    String canonical = NbdUri.parse(text).toString();
    assertEquals(canonical, NbdUri.parse(canonical).toString());
    assertTrue(NbdUri.isUri(canonical));
  }

  @Test
  void tlsKeysAreTaken() throws Exception {
    NbdUri uri =
        NbdUri.parse(
            "nbds://h/?tls-certificates=/c%20d&TLS-psk-file=/p&tls-hostname=n&tls-verify-peer=off"
                + "&tls-type=x509&future=1");
    assertEquals("/c d", uri.tlsCertificates());
    assertEquals("/p", uri.tlsPskFile());
    assertEquals("n", uri.tlsHostname());
    assertEquals(false, uri.tlsVerifyPeer());
    assertNull(NbdUri.parse("nbds://h/").tlsVerifyPeer());
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "true", "t", "yes", "y", "on", "TRUE", "Yes", "oN"})
  void wordsForTrueAreTaken(String word) throws Exception {
    assertEquals(true, NbdUri.parse("nbds://h/?tls-verify-peer=" + word).tlsVerifyPeer());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "false", "f", "no", "n", "off", "FALSE", "No", "oFF"})
  void wordsForFalseAreTaken(String word) throws Exception {
    assertEquals(false, NbdUri.parse("nbds://h/?tls-verify-peer=" + word).tlsVerifyPeer());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "2", "maybe", "%20true", "00"})
  void otherWordsForABooleanAreRefused(String word) {
    assertThrows(NbdUriException.class, () -> NbdUri.parse("nbds://h/?tls-verify-peer=" + word));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ":",
        ":a",
        "://x",
        "1nbd://h",
        "nbd_x://h",
        "%6ebd://h",
        "[ x",
        "a b",
        "nbd:// ",
        "nbd://h h/",
        "nbd://h\t",
        "nbd://h\\x",
        "nbd://h/a b",
        "nbd://h/\"",
        "nbd://h/a[b]",
        "nbd://h/a|b",
        "nbd://h/é",
        "nbd://h/%",
        "nbd://h/%1",
        "nbd://h/%zz",
        "nbd://h/%C3",
        "nbd://h/%ff",
        "nbd://h/a%00b",
        "nbd://%00h",
        "nbd://h?%zz",
        "nbd://h?[x]",
        "nbd://h?a|b",
        "nbd://h#%zz",
        "nbd://h##",
        "nbd://u%zz@h",
        "nbd://u@v@h",
        "nbd://h:",
        "nbd://h:/x",
        "nbd://h:abc/",
        "nbd://h:-1/",
        "nbd://h:2147483648",
        "nbd+vsock://1:99999999999",
        "nbd+unix://x:y/",
        "nbd://[::1",
        "nbd://[::1]x",
        "nbd://[::1]:",
        "nbd://[]",
        "nbd://[x y]",
        "nbd://a[b",
        "nbd+unix:///x?socket=/non exist"
      })
  void textThatIsNoUriIsRefused(String text) {
    assertParseFails("unable to parse URI: " + text, text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "foo", "foo/bar", "nbd", "?x", "#x", "a/b:c", "./a:b", "%6cocalhost"})
  void missingSchemeIsRefused(String text) {
    assertParseFails(NO_SCHEME, text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/path", "/a?b", "/a:b", "//h/x", "///"})
  void pathGetsAdviceToUseASocketUri(String text) throws Exception {
    assertParseFails(NO_SCHEME + SOCKET_HINT, text);
    assertParseFails(NO_SCHEME, text, EnumSet.of(Transport.TCP, Transport.VSOCK, Transport.SSH));
    assertParseFails(NO_SCHEME + SOCKET_HINT, text, EnumSet.of(Transport.UNIX));
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "localhost/x", "localhost?x", "LocalHost", "localhosts"})
  void localhostGetsAdviceToUseATcpUri(String text) {
    assertParseFails(NO_SCHEME + PORT_HINT, text);
    assertParseFails(NO_SCHEME, text, EnumSet.of(Transport.UNIX, Transport.VSOCK, Transport.SSH));
    assertParseFails(NO_SCHEME + PORT_HINT, text, EnumSet.of(Transport.TCP));
  }

  @ParameterizedTest
  @CsvSource({
    "http://foo/, http",
    "HTTP://foo/, HTTP",
    "localhost:10809, localhost",
    "a:b, a",
    "nbd+://h, nbd+",
    "nbd+tcp://h, nbd+tcp",
    "nbdss://h, nbdss",
    "n.b-d+1://h, n.b-d+1"
  })
  void unknownSchemeIsRefused(String text, String scheme) {
    assertParseFails("unknown NBD URI scheme: " + scheme, text);
  }

  @ParameterizedTest
  @CsvSource({
    "nbd:, nbd",
    "nbd:/x, nbd",
    "nbd:foo, nbd",
    "nbds:?socket=/s, nbds",
    "nbd+unix:/x?socket=/s, nbd+unix",
    "nbds+vsock:1, nbds+vsock",
    "nbd+ssh:h, nbd+ssh"
  })
  void schemeWithoutSlashesIsRefused(String text, String scheme) {
    assertParseFails("URI must begin with '" + scheme + "://'", text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"nbd+unix://", "nbd+unix:///", "nbds+unix:///x", "nbd+unix:///x?Sockets=/s"})
  void unixWithoutSocketIsRefusedByValidation(String text) throws Exception {
    NbdUri uri = NbdUri.parse(text);
    assertInvalid(
        "cannot parse socket parameter from NBD URI (did you mean to use \""
            + text.substring(0, text.indexOf(':'))
            + ":///?socket=...\"?)",
        uri);
  }

  @ParameterizedTest
  @CsvSource({
    "nbd://h?socket=x, nbd, nbd+unix",
    "nbd:///x?socket=/a, nbd, nbd+unix",
    "nbds://h?socket, nbds, nbds+unix",
    "nbd+vsock://1?socket=x, nbd+vsock, nbd+unix",
    "nbds+vsock://abc?socket=x, nbds+vsock, nbds+unix"
  })
  void socketWhereThereIsNoneIsRefusedByValidation(String text, String scheme, String better)
      throws Exception {
    assertInvalid(
        "socket parameter is incompatible with \""
            + scheme
            + ":\" (did you mean to use \""
            + better
            + ":///?socket=...\"?)",
        NbdUri.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"abc", "-1", "1.5", "4294967296", "99999999999", "0x1", "٣"})
  void cidThatIsNoNumberIsRefusedByValidation(String cid) throws Exception {
    NbdUri uri =
        new NbdUri(Transport.VSOCK, false, null, cid, -1, "", null, null, null, null, null);
    assertInvalid("cannot parse vsock CID from NBD URI: " + cid, uri);
    assertThrows(NbdUriException.class, uri::cid);
  }

  @Test
  void cidIsReadUnsigned() throws Exception {
    assertEquals(2, NbdUri.parse("nbd+vsock://").cid());
    assertEquals(3, NbdUri.parse("nbd+vsock://03").cid());
    assertEquals(4294967295L, NbdUri.parse("nbd+vsock://4294967295").cid());
  }

  @Test
  void sshNeedsAHostThatIsNoOption() throws Exception {
    assertInvalid("cannot parse ssh host from NBD URI: ", NbdUri.parse("nbd+ssh:///x"));
    assertInvalid(
        "cannot parse ssh host from NBD URI: -oProxyCommand=x",
        NbdUri.parse("nbd+ssh://-oProxyCommand=x/"));
  }

  @Test
  void portAboveThoseOfTcpIsRefusedByValidation() throws Exception {
    assertInvalid("port number out of range in NBD URI: 65536", NbdUri.parse("nbd://h:65536"));
    assertInvalid("port number out of range in NBD URI: 99999", NbdUri.parse("nbd+ssh://h:99999"));
    NbdUri.parse("nbd://h:65535").validate();
    NbdUri.parse("nbd+vsock://1:2147483647").validate();
    NbdUri.parse("nbd+unix://h:99999/?socket=/s").validate();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nbd://h",
        "nbd+unix:///?socket=/s",
        "nbd+unix:///?socket",
        "nbd+vsock://5",
        "nbd+ssh://h",
        "nbds+ssh://h?socket=/s"
      })
  void partsThatFitTogetherAreValid(String text) throws Exception {
    NbdUri uri = NbdUri.parse(text);
    uri.validate();
    assertEquals(uri, NbdUri.parse(text));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "nbd://, nbd://localhost:10809/",
        "NBDS://h/x, nbds://h:10809/x",
        "nbd://h:5//x, nbd://h:5//x",
        "nbd://[::1]/, nbd://[::1]:10809/",
        "nbd://[fe80::1%25lo]:1, nbd://[fe80::1%25lo]:1/",
        "nbd://u:p@h/x?future=1#f, nbd://u:p@h:10809/x",
        "nbd://u%40%3A%2Fx@h, nbd://u%40:%2Fx@h:10809/",
        "nbd+unix://u@h:1/x?socket=/s, nbd+unix://u@/x?socket=/s",
        "nbds+unix://?socket=/s, nbds+unix:///?socket=/s",
        "nbd+unix:////x?a=b&socket=/a%20b%25%23%3F%26%3D%3B%2B~%C3%A9,"
            + " nbd+unix:////x?socket=/a%20b%25%23?%26=%3B+~%C3%A9",
        "nbd+vsock://, nbd+vsock://2:10809/",
        "nbds+vsock://3:4/x, nbds+vsock://3:4/x",
        "nbd+ssh://h, nbd+ssh://h/",
        "nbd+ssh://h:2222/x?socket=/s, nbd+ssh://h:2222/x?socket=/s",
        "nbds://h/?tls-verify-peer=no&tls-psk-file=/p&tls-hostname=n&tls-certificates=/c,"
            + " nbds://h:10809/?tls-certificates=/c&tls-psk-file=/p&tls-hostname=n"
            + "&tls-verify-peer=false",
        "nbds://h/?tls-verify-peer=yes, nbds://h:10809/"
      })
  void canonicalFormIsPrinted(String text, String canonical) throws Exception {
    assertEquals(canonical, NbdUri.parse(text).toString());
  }

  @Test
  void exportNameIsEncodedLikeLibnbdDoes() throws Exception {
    // The name and the result were seen in the output of nbdinfo 1.14.2.
    NbdUri uri =
        new NbdUri(
            Transport.UNIX,
            false,
            null,
            null,
            -1,
            "x y%z#?&=;+~é\"<>\\^`{|}[]@:!$'()*,-._",
            "/s",
            null,
            null,
            null,
            null);
    assertEquals(
        "nbd+unix:///x%20y%25z%23%3F&=;+~%C3%A9%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D@%3A!$'()*,-._"
            + "?socket=/s",
        uri.toString());
    assertEquals(uri, NbdUri.parse(uri.toString()));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 20260101})
  void randomUrisComeBackEqual(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 3000; round++) {
      Transport transport = List.of(Transport.values()).get(random.nextInt(4));
      boolean unix = transport == Transport.UNIX;
      NbdUri uri =
          new NbdUri(
              transport,
              random.nextBoolean(),
              random.nextBoolean() ? null : "u" + text(random),
              unix ? null : transport == Transport.VSOCK ? "3" : host(random),
              unix ? -1 : 1 + random.nextInt(65535),
              text(random),
              unix || transport == Transport.SSH ? text(random) : null,
              random.nextBoolean() ? null : text(random),
              random.nextBoolean() ? null : text(random),
              random.nextBoolean() ? null : text(random),
              random.nextBoolean() ? null : false);
      String what = "seed " + seed + ", round " + round + ": " + uri;
      assertEquals(uri, NbdUri.parse(uri.toString()), what);
    }
  }

  @Test
  void longTextIsParsedWithoutDeepRecursion() throws Exception {
    String name = "%41b".repeat(100_000);
    assertEquals(
        "Ab".repeat(100_000), NbdUri.parse("nbd://h/" + name + "?x=" + name + "#" + name).export());
    assertThrows(NbdUriException.class, () -> NbdUri.parse("nbd://" + name + "@" + name + " "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nbd://",
        "nbds://h",
        "nbd+unix://",
        "nbds+unix://",
        "nbd+vsock://",
        "nbds+vsock://",
        "nbd+ssh://",
        "nbds+ssh://",
        "NBD://",
        "nBdS+UnIx:// anything"
      })
  void textWithASchemeOfNbdIsAUri(String text) {
    assertTrue(NbdUri.isUri(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nbd",
        "nbd:",
        "nbd:/",
        "nbd:x://",
        " nbd://",
        "://",
        "http://h",
        "nbd+tcp://h",
        "nbdss://h",
        "nbd\u017f://h",
        "/nbd://",
        "disk.img"
      })
  void otherTextIsNoUri(String text) {
    assertFalse(NbdUri.isUri(text));
  }

  @Test
  void defaultsStandForWhatIsAbsent() throws Exception {
    assertEquals("localhost", NbdUri.parse("nbd://").hostOrDefault());
    assertEquals(10809, NbdUri.parse("nbd://").portOrDefault());
    assertEquals("2", NbdUri.parse("nbd+vsock://").hostOrDefault());
    assertEquals(10809, NbdUri.parse("nbd+vsock://").portOrDefault());
    assertEquals(22, NbdUri.parse("nbd+ssh://h").portOrDefault());
    assertEquals("h", NbdUri.parse("nbd://h:5").hostOrDefault());
    assertEquals(5, NbdUri.parse("nbd://h:5").portOrDefault());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -2, Integer.MIN_VALUE})
  void portOutOfRangeIsNotConstructed(int port) {
    assertThrows(
        IllegalArgumentException.class,
        () -> new NbdUri(Transport.TCP, false, null, null, port, "", null, null, null, null, null));
  }

  private static void assertParseFails(String message, String text) {
    var e = assertThrows(NbdUriException.class, () -> NbdUri.parse(text));
    assertEquals(message, e.getMessage());
  }

  private static void assertParseFails(String message, String text, Set<Transport> allowed) {
    var e = assertThrows(NbdUriException.class, () -> NbdUri.parse(text, allowed));
    assertEquals(message, e.getMessage());
  }

  private static void assertInvalid(String message, NbdUri uri) {
    var e = assertThrows(NbdUriException.class, uri::validate);
    assertEquals(message, e.getMessage());
  }

  private static String host(SplittableRandom random) {
    return switch (random.nextInt(3)) {
      case 0 -> "h" + text(random).replace(":", "");
      case 1 -> "192.0.2." + random.nextInt(256);
      default -> "2001:db8::" + Integer.toHexString(random.nextInt(0x10000));
    };
  }

  private static String text(SplittableRandom random) {
    String characters = "ab09-._~/?#[]@!$&'()*+,;=:% \"<>\\^`{|}\téπ💾";
    int[] points = characters.codePoints().toArray();
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      text.appendCodePoint(points[random.nextInt(points.length)]);
    }
    return text.toString();
  }
}
