package io.nbd4j.tools.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.nbd4j.tools.Printed;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LauncherTest {
  @TempDir private Path directory;
  private FakeProject project;

  @BeforeEach
  void makeProject() throws IOException {
    project = new FakeProject(directory);
  }

  @Test
  void theFirstUseBuildsAndTheSecondDoesNot() throws Exception {
    Printed first = project.nbd("info", "x");
    assertEquals(0, first.code(), first.err());
    assertTrue(first.err().startsWith("nbd: building nbd4j in "), first.err());
    assertFalse(first.out().contains("maven"), first.out());
    Printed second = project.nbd("info", "x");
    assertEquals("", second.err());
    assertEquals(first.out(), second.out());
    assertEquals(1, project.builds());
  }

  @Test
  void changesAreBuilt() throws Exception {
    assertEquals(0, project.nbd("info").code());
    int builds = 1;
    for (String source :
        List.of(
            "pom.xml",
            "nbd4j-client/pom.xml",
            "nbd4j-wire/src/main/java/A.java",
            "nbd4j-tools/src/main/java/New.java")) {
      project.touch(source);
      assertEquals(0, project.nbd("info").code());
      assertEquals(++builds, project.builds(), source);
      project.setAge(project.root().resolve(source), 3600);
      project.setAge(project.root().resolve("nbd4j-tools/src/main/java"), 3600);
    }
    Files.delete(project.root().resolve("nbd4j-tools/src/main/java/New.java"));
    assertEquals(0, project.nbd("info").code());
    assertEquals(++builds, project.builds(), "after a file was removed");
  }

  @Test
  void aBuildThatFailsShowsItsOutput() throws Exception {
    project.touch("broken");
    Printed printed = project.nbd("info");
    assertEquals(1, printed.code());
    assertEquals("", printed.out());
    assertTrue(
        printed
            .err()
            .endsWith("maven says something\nit does not compile\nnbd: the build failed\n"),
        printed.err());
    Files.delete(project.root().resolve("broken"));
    assertEquals(0, project.nbd("info").code());
  }

  @Test
  void twoAtOnceBuildOnce() throws Exception {
    project.touch("slow");
    List<Process> launchers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      launchers.add(start("info").redirectErrorStream(true).start());
    }
    for (Process launcher : launchers) {
      String output = new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, launcher.waitFor(), output);
    }
    assertEquals(1, project.builds());
  }

  @Test
  void theBuildLeavesStandardInputAndOutputAlone() throws Exception {
    project.java("cat");
    Process launcher = start("serve").redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (OutputStream input = launcher.getOutputStream()) {
      input.write("an NBD conversation\n".getBytes(StandardCharsets.UTF_8));
    }
    assertEquals(
        "an NBD conversation\n",
        new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    assertEquals(0, launcher.waitFor());
    assertEquals(1, project.builds());
  }

  private ProcessBuilder start(String... arguments) {
    List<String> command = new ArrayList<>(List.of(project.root().resolve("bin/nbd").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(project.environment());
    return builder;
  }

  @Test
  void javaTakesOverTheProcess() throws Exception {
    project.java("echo $$");
    Process launcher = start("serve").redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String pid = new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(launcher.pid() + "\n", pid);
    assertEquals(0, launcher.waitFor());
  }

  @Test
  void argumentsArriveAsTheyAre() throws Exception {
    String[] arguments = {"info", "a b", "", "'", "\"", "*", "$HOME", "\\", "--", "[", "x\ny", "é"};
    StringBuilder expected = new StringBuilder();
    for (int i = 1; i < arguments.length; i++) {
      expected.append('<').append(arguments[i]).append('>');
    }
    String printed = project.nbd(arguments).out();
    assertTrue(printed.endsWith(expected.toString()), printed);
  }

  @Test
  void aLinkFromAnywhereLeadsToTheProject() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("else where"));
    Path absolute =
        Files.createSymbolicLink(
            elsewhere.resolve("absolute"), project.root().resolve("bin/nbdinfo"));
    Path chained = Files.createSymbolicLink(elsewhere.resolve("chained"), Path.of("absolute"));
    Path relative =
        Files.createSymbolicLink(elsewhere.resolve("nbd"), Path.of("../the project/bin/nbd"));
    String direct = project.nbd("info", "a b").out();
    assertTrue(direct.endsWith("io.nbd4j.tools.info.Info><a b>"), direct);
    assertTrue(
        direct.contains("<-Dnbd4j.launcher=" + project.root().resolve("bin/nbd") + ">"), direct);
    assertEquals(direct, project.run(absolute, elsewhere, "a b").out());
    assertEquals(direct, project.run(chained, Path.of("/"), "a b").out());
    assertEquals(direct, project.run(relative, elsewhere, "info", "a b").out());
    assertEquals(1, project.builds());
  }

  @Test
  void helpNeedsNoBuild() throws Exception {
    Printed help = project.nbd("--help");
    assertEquals(0, help.code());
    assertTrue(help.out().startsWith("nbd SUBCOMMAND"), help.out());
    Printed nothing = project.nbd();
    assertEquals(new Printed(1, "", help.out()), nothing);
    Printed unknown = project.nbd("bogus");
    assertEquals(new Printed(1, "", "nbd: unknown sub-command: bogus\n" + help.out()), unknown);
    assertEquals(0, project.builds());
  }

  @Test
  void optionsForJavaComeFromTheEnvironment() throws Exception {
    ProcessBuilder builder = start("serve").redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("NBD4J_JAVA_OPTS", "-Xmx4g -Da=*");
    Process launcher = builder.start();
    String printed = new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(printed.contains("<-Xmx4g><-Da=*><-p>"), printed);
    assertEquals(0, launcher.waitFor());
  }
}
