package io.nbd4j.tools.info;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.server.NbdServer;
import io.nbd4j.server.backend.MemoryBackend;
import io.nbd4j.server.backend.ReadOnly;
import io.nbd4j.tools.Printed;
import io.nbd4j.tools.Program;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfoTest {
  private static final String HEADER =
      "protocol: newstyle-fixed without TLS, using extended packets\n";

  @TempDir private Path directory;
  private Path socket;
  private NbdServer server;

  @BeforeEach
  void start() throws IOException {
    socket = directory.resolve("s");
    server =
        NbdServer.builder()
            .export("", new MemoryBackend(1 << 20))
            .export("a \"b\"", "say\thi", new ReadOnly(new MemoryBackend(1000)))
            .listenUnix(socket)
            .start();
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private String uri(String export) {
    return "nbd+unix:///" + export + "?socket=" + socket;
  }

  private static Printed nbdinfo(String... arguments) {
    return Printed.by(new Info(), arguments);
  }

  private String defaultExport() {
    return """
    export="":
    	export-size: 1048576 (1M)
    	uri: %s
    	contexts:
    		base:allocation
    	is_rotational: false
    	is_read_only: false
    	can_block_status_payload: true
    	can_cache: true
    	can_df: true
    	can_fast_zero: true
    	can_flush: true
    	can_fua: true
    	can_multi_conn: true
    	can_trim: true
    	can_zero: true
    	block_size_minimum: 1
    	block_size_preferred: 4096 (4K)
    	block_size_maximum: 33554432 (32M)
    """
        .formatted(uri(""));
  }

  private String readOnlyExport() {
    return """
    export="a \\"b\\"":
    	description: say	hi
    	export-size: 1000
    	uri: %s
    	contexts:
    		base:allocation
    	is_rotational: false
    	is_read_only: true
    	can_block_status_payload: true
    	can_cache: true
    	can_df: true
    	can_fast_zero: false
    	can_flush: false
    	can_fua: false
    	can_multi_conn: true
    	can_trim: false
    	can_zero: false
    	block_size_minimum: 1
    	block_size_preferred: 4096 (4K)
    	block_size_maximum: 33554432 (32M)
    """
        .formatted(uri("a%20%22b%22"));
  }

  @Test
  void theExportOfTheUriIsShown() {
    assertEquals(new Printed(0, HEADER + defaultExport(), ""), nbdinfo("--no-content", uri("")));
    assertEquals(
        new Printed(0, HEADER + readOnlyExport(), ""), nbdinfo("--no-content", uri("a%20%22b%22")));
  }

  @Test
  void fileNamesTheContent() {
    Program.require("file");
    String expected = HEADER + defaultExport().replace("\turi", "\tcontent: data\n\turi");
    assertEquals(new Printed(0, expected, ""), nbdinfo(uri("")));
  }

  @Test
  void allExportsAreListedWhateverTheUriNames() {
    assertEquals(
        new Printed(0, HEADER + defaultExport() + readOnlyExport(), ""),
        nbdinfo("--list", uri("nosuch")));
  }

  @Test
  void contentIsListedOverConnectionsOfItsOwn() {
    Program.require("file");
    String expected =
        HEADER + (defaultExport() + readOnlyExport()).replace("\turi", "\tcontent: data\n\turi");
    assertEquals(new Printed(0, expected, ""), nbdinfo("--list", "--content", uri("")));
  }

  @Test
  void jsonHasTheSameFacts() {
    String expected =
        """
        {
        "protocol": "newstyle-fixed",
        "TLS": false,
        "structured": true,
        "extended": true,
        "exports": [
        	{
        	"export-name": "a \\"b\\"",
        	"description": "say\\u0009hi",
        	"uri": "%s",
        	"contexts": [
        		"base:allocation"
        	],
        	"is_rotational": false,
        	"is_read_only": true,
        	"can_block_status_payload": true,
        	"can_cache": true,
        	"can_df": true,
        	"can_fast_zero": false,
        	"can_flush": false,
        	"can_fua": false,
        	"can_multi_conn": true,
        	"can_trim": false,
        	"can_zero": false,
        	"block_size_minimum": 1,
        	"block_size_preferred": 4096,
        	"block_size_maximum": 33554432,
        	"export-size": 1000,
        	"export-size-str": "1000"
        	} ]
        }
        """
            .formatted(uri("a%20%22b%22"));
    assertEquals(
        new Printed(0, expected, ""), nbdinfo("--json", "--no-content", uri("a%20%22b%22")));
  }

  @Test
  void severalExportsMakeAJsonArray() {
    Printed printed = nbdinfo("--json", "-L", uri(""));
    assertEquals(0, printed.code(), printed.err());
    assertTrue(printed.out().contains("\"exports\": [\n\t{\n\t\"export-name\": \"\",\n"));
    assertTrue(printed.out().contains("\"export-size-str\": \"1M\"\n\t},\n\t{\n\t\"export-name\""));
    assertTrue(printed.out().endsWith("\"export-size-str\": \"1000\"\n\t} ]\n}\n"));
  }

  @Test
  void theSizeIsANumber() {
    assertEquals(new Printed(0, "1048576\n", ""), nbdinfo("--size", uri("")));
    assertEquals(new Printed(0, "1048576\n", ""), nbdinfo("--size", "--json", uri("")));
    assertEquals(new Printed(0, "1000\n", ""), nbdinfo("--size", uri("a%20%22b%22")));
  }

  @Test
  void anExportThatIsMissingLeavesTheHeader() {
    String error = "nbdinfo: nbd_opt_go: the server has no export named 'nosuch': ";
    Printed text = nbdinfo(uri("nosuch"));
    assertEquals(1, text.code());
    assertEquals(HEADER, text.out());
    assertTrue(text.err().startsWith(error), text.err());
    assertTrue(
        text.err()
            .endsWith("\nnbdinfo: suggestion: to list all exports on the server, use --list\n"),
        text.err());
    Printed json = nbdinfo("--json", uri("nosuch"));
    assertEquals(1, json.code());
    assertTrue(json.out().endsWith("\"exports\": []\n}\n"), json.out());
  }

  @Test
  void theSizeOfAMissingExportIsAnError() {
    Printed printed = nbdinfo("--size", uri("nosuch"));
    assertEquals(1, printed.code());
    assertEquals("", printed.out());
    assertTrue(
        printed.err().startsWith("nbdinfo: nbd_get_size: server has not returned export size"),
        printed.err());
  }

  @Test
  void aServerThatIsMissingIsOneLine() {
    assertEquals(
        new Printed(1, "", "nbdinfo: nbd_connect_uri: connect: No such file or directory\n"),
        nbdinfo("nbd+unix:///?socket=" + directory.resolve("nosuch")));
  }

  @Test
  void optionsThatExcludeEachOtherAreRefused() {
    assertEquals(
        new Printed(1, "", "nbdinfo: you cannot use --content and --no-content together.\n"),
        nbdinfo("--content", "--no-content", uri("")));
    assertEquals(
        new Printed(1, "", "nbdinfo: you cannot use --list, --map and --size together.\n"),
        nbdinfo("--list", "--size", uri("")));
  }

  @Test
  void theServerKeepsNoConnection() throws InterruptedException {
    assertEquals(0, nbdinfo("--list", "--content", uri("")).code());
    assertEquals(0, nbdinfo("--size", uri("")).code());
    for (int i = 0; server.connections() > 0 && i < 1000; i++) {
      Thread.sleep(1);
    }
    assertEquals(0, server.connections());
  }
}
