package io.nbd4j.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The walls of the house: which package may know which. */
class ArchitectureTest {

  private static final String OURS = PackageTable.ROOT;
  private static final String INFO = "module-info.class";

  /** The second and the last column of a row of ARCHITECTURE.md. */
  private static final Pattern DOCUMENTED =
      Pattern.compile(
          "^\\|[^|]*\\|\\s*`(io\\.nbd4j[a-z0-9.]*)`\\s*\\|[^|]*\\|\\s*([^|]*?)\\s*\\|\\s*$",
          Pattern.MULTILINE);

  private static Map<String, ModuleDescriptor> modules;
  private static JavaClasses classes;

  @BeforeAll
  static void read() throws IOException {
    modules = new TreeMap<>();
    List<URL> roots = new ArrayList<>();
    for (URL url : Collections.list(ArchitectureTest.class.getClassLoader().getResources(INFO))) {
      try (InputStream in = url.openStream()) {
        ModuleDescriptor module = ModuleDescriptor.read(in);
        if (module.name().startsWith(OURS + ".")) {
          modules.put(module.name().substring(OURS.length() + 1), module);
          String text = url.toString();
          roots.add(URI.create(text.substring(0, text.length() - INFO.length())).toURL());
        }
      }
    }
    classes = new ClassFileImporter().importUrls(roots);
  }

  private static boolean ours(JavaClass type) {
    return type.getPackageName().equals(OURS) || type.getPackageName().startsWith(OURS + ".");
  }

  private static DescribedPredicate<JavaClass> anyOf(Set<String> packages) {
    return DescribedPredicate.describe(
        "in " + new TreeSet<>(packages), type -> packages.contains(type.getPackageName()));
  }

  @Test
  void everyPackageIsInTheTableAndEveryRowIsAPackage() {
    Set<String> packages =
        classes.stream()
            .filter(type -> !type.getSimpleName().equals("module-info"))
            .map(JavaClass::getPackageName)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(new TreeSet<>(PackageTable.rows().keySet()), packages);
  }

  @Test
  void packagesImportOnlyWhatTheTableAllows() {
    Set<String> violations = new TreeSet<>();
    PackageTable.rows()
        .forEach((name, allowed) -> {
          for (JavaClass type : classes.that(anyOf(Set.of(name)))) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
              JavaClass target = dependency.getTargetClass().getBaseComponentType();
              String other = target.getPackageName();
              if (ours(target) && !other.equals(name) && !allowed.contains(other)) {
                violations.add(name + " -> " + other + ": " + dependency.getDescription());
              }
            }
          }
        });
    assertTrue(violations.isEmpty(), () -> String.join("\n", violations));
  }

  @Test
  void packagesHaveNoCycles() {
    Set<String> above = new HashSet<>();
    PackageTable.rows()
        .forEach((name, allowed) -> {
          assertTrue(above.containsAll(allowed), () -> name + " names a package below it");
          above.add(name);
        });
    SlicesRuleDefinition.slices().matching(OURS + ".(**)").should().beFreeOfCycles().check(classes);
  }

  @Test
  void nativeMemoryAndFunctionsStayInOnePackage() {
    ArchRuleDefinition.noClasses()
        .that(
            DescribedPredicate.describe(
                "outside of net.posix", type -> !type.getPackageName().equals(OURS + ".net.posix")))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.lang.foreign..", "sun..", "jdk..")
        .check(classes);
  }

  @Test
  void othersAreImportedOnlyWhereTheyBelong() {
    Set<String> violations = new TreeSet<>();
    for (JavaClass type : classes) {
      for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
        JavaClass target = dependency.getTargetClass().getBaseComponentType();
        String other = target.getPackageName();
        boolean tool = type.getPackageName().startsWith(OURS + ".tools.");
        if (!ours(target)
            && !target.isPrimitive()
            && !other.startsWith("java.")
            && !other.equals("org.jspecify.annotations")
            && !(tool && other.equals("org.apache.commons.cli"))) {
          violations.add(dependency.getDescription());
        }
      }
    }
    assertTrue(violations.isEmpty(), () -> String.join("\n", violations));
  }

  @Test
  void modulesExportOnlyPublicPackages() {
    Map<String, Set<String>> exported = new TreeMap<>();
    modules.forEach((name, module) ->
        exported.put(
            name,
            module.exports().stream()
                .filter(export -> !export.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet())));
    assertEquals(new TreeMap<>(PackageTable.EXPORTS), exported);
  }

  @Test
  void modulesExportTheRestToNobodyButEachOther() {
    modules.forEach((name, module) -> {
      assertTrue(module.opens().isEmpty(), () -> name + " opens packages");
      assertFalse(module.isOpen(), () -> name + " is open");
      for (ModuleDescriptor.Exports export : module.exports()) {
        for (String target : export.targets()) {
          assertTrue(
              modules.containsKey(target.substring(OURS.length() + 1)),
              () -> name + " exports " + export.source() + " to " + target);
        }
      }
    });
  }

  @Test
  void architecturePageHasTheSameTable() throws Exception {
    Path page = Checkout.file("ARCHITECTURE.md");
    assumeTrue(Files.exists(page), "there is no ARCHITECTURE.md yet");
    Map<String, Set<String>> documented = new TreeMap<>();
    Matcher matcher = DOCUMENTED.matcher(Files.readString(page));
    while (matcher.find()) {
      if (!matcher.group(1).equals(OURS + ".testkit")) {
        documented.put(matcher.group(1), named(matcher.group(2)));
      }
    }
    assertEquals(PackageTable.rows().keySet(), documented.keySet());
    PackageTable.rows()
        .forEach(
            (name, allowed) -> assertEquals(new TreeSet<>(allowed), documented.get(name), name));
  }

  /** Packages by their short names; client and server stand for what these modules export. */
  private static Set<String> named(String column) {
    Set<String> packages = new TreeSet<>();
    for (String name : column.split(",\\s*", -1)) {
      switch (name) {
        case "-" -> {}
        case "client", "server" -> packages.addAll(PackageTable.EXPORTS.get(name));
        default -> packages.add(OURS + "." + name);
      }
    }
    return packages;
  }
}
