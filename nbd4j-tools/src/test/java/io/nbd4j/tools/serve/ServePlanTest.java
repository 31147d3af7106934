package io.nbd4j.tools.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.tools.cli.UsageException;
import io.nbd4j.tools.serve.ExportSpec.Source;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.ParseException;
import org.junit.jupiter.api.Test;

class ServePlanTest {
  private static ServePlan plan(boolean activated, String... arguments) throws UsageException {
    try {
      return ServePlan.of(new DefaultParser().parse(ServePlan.options(), arguments), activated);
    } catch (ParseException e) {
      throw new AssertionError(e);
    }
  }

  private static String refusal(boolean activated, String... arguments) {
    return assertThrows(UsageException.class, () -> plan(activated, arguments)).getMessage();
  }

  @Test
  void exportsKeepTheOrderOfTheCommandLine() throws UsageException {
    ServePlan plan =
        plan(
            false,
            "--file=b=x=y.img",
            "--memory=1M",
            "-m",
            "a=3s",
            "-f",
            "c=/d e.img",
            "--description",
            "a=two words=2",
            "--description=none",
            "--stdio");
    assertEquals(
        List.of(
            new ExportSpec("b", "", new Source.File(Path.of("x=y.img"))),
            new ExportSpec("", "none", new Source.Memory(1 << 20)),
            new ExportSpec("a", "two words=2", new Source.Memory(1536)),
            new ExportSpec("c", "", new Source.File(Path.of("/d e.img")))),
        plan.exports());
    assertTrue(plan.stdio());
    assertFalse(plan.readOnly());
    assertNull(plan.defaultExport());
    assertNull(plan.pidFile());
  }

  @Test
  void itListensInSeveralPlaces() throws UsageException {
    ServePlan plan =
        plan(
            false,
            "-r",
            "-m1k",
            "-u",
            "a b.sock",
            "--unix=c.sock",
            "-t",
            "127.0.0.1:0",
            "-t",
            "[::1]:10809",
            "-t:1",
            "--default-export=",
            "-P",
            "pid");
    assertEquals(List.of(Path.of("a b.sock"), Path.of("c.sock")), plan.unix());
    assertEquals(
        List.of(
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
            new InetSocketAddress(InetAddress.ofLiteral("::1"), 10809),
            new InetSocketAddress(1)),
        plan.tcp());
    assertTrue(plan.readOnly());
    assertEquals("", plan.defaultExport());
    assertEquals(Path.of("pid"), plan.pidFile());
  }

  @Test
  void localhostIsResolved() throws UsageException {
    InetAddress address = TcpAddress.parse("localhost:10809").getAddress();
    assertTrue(address.isLoopbackAddress(), address::toString);
  }

  @Test
  void aSocketThatWasHandedOverIsEnough() throws UsageException {
    ServePlan plan = plan(true, "-m", "1M");
    assertEquals(List.of(), plan.unix());
    assertFalse(plan.stdio());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertEquals("nothing to serve: use --memory or --file", refusal(false, "--stdio"));
    assertEquals(
        "nowhere to serve: use --tcp, --unix or --stdio", refusal(false, "--memory", "1M"));
    assertEquals("unexpected argument '1M'", refusal(false, "-s", "-m", "1M", "1M"));
    assertEquals("--stdio excludes --tcp and --unix", refusal(false, "-s", "-m", "1M", "-t", ":1"));
    assertEquals(
        "a socket was handed over (LISTEN_FDS): it excludes --tcp, --unix and --stdio",
        refusal(true, "-m", "1M", "-s"));
    assertEquals("two exports have the name \"a\"", refusal(false, "-s", "-m", "a=1", "-f", "a=x"));
    assertEquals(
        "--description: no export has the name b",
        refusal(false, "-s", "-m", "a=1", "--description", "b=x"));
    assertEquals(
        "--default-export: no export has the name b",
        refusal(false, "-s", "-m", "a=1", "--default-export", "b"));
    assertEquals("could not parse size: 1q", refusal(false, "-s", "-m", "a=1q"));
  }

  @Test
  void addressesThatAreNoneAreRefused() {
    for (String text : List.of("10809", "localhost", "::1:10809", "a:b", ":65536", ":-1", "a:")) {
      String message = refusal(false, "-m", "1", "-t", text);
      assertTrue(message.startsWith("--tcp: ") && message.contains(text), message);
    }
  }
}
