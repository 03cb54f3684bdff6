package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** What docs/vendor-plugins.md tells a plug-in author to do works: the copy builds, its tests pass, the example compiles. */
class VendorRecipeIT {
    private static final String MODEL = "org.sluice.vendor.marvell";
    private static final String COPY = "org.sluice.vendor.acme";
    private static final Pattern SHELL = Pattern.compile("## Copy.*?```sh\n(.*?)```", Pattern.DOTALL);
    private static final Pattern JAVA = Pattern.compile("```java\n(package .*?)```", Pattern.DOTALL);
    private static final Pattern CLASS = Pattern.compile("class (\\w+)");
    private static final List<String> TOLD = List.of(
            "bundles/pom.xml",
            "features/errata.bnd",
            "features/distribution/pom.xml",
            "bundles/org.sluice.itest/src/test/java/org/sluice/itest/House.java");

    @Test
    void copyOfTheSmallestPlugInBuildsAndPassesItsTests(@TempDir Path folder) throws Exception {
        String guide = Files.readString(House.root().resolve("docs/vendor-plugins.md"));
        copySources(folder);
        run(found(SHELL, guide), folder);

        for (String file : TOLD) {
            assertThat(Files.readAllLines(folder.resolve(file)).stream()
                            .filter(line -> line.contains("vendor.acme"))
                            .toList())
                    .as(file)
                    .hasSize(1);
        }
        Path made = folder.resolve("bundles").resolve(COPY);
        assertThat(Files.readString(made.resolve("pom.xml")))
                .contains("<artifactId>" + COPY + "</artifactId>")
                .doesNotContain(MODEL);
        Path sources = made.resolve("src/main/java/org/sluice/vendor/acme");
        Matcher example = JAVA.matcher(guide);
        int examples = 0;
        for (; example.find(); examples++) {
            Matcher name = CLASS.matcher(example.group(1));
            assertThat(name.find()).isTrue();
            Files.writeString(sources.resolve(name.group(1) + ".java"), example.group(1));
        }
        assertThat(examples).as("the plug-in and its test").isEqualTo(2);
        Path classes = Files.createDirectory(folder.resolve("classes"));
        compile(made, classes);
        assertPasses(classes, "SplitAccessTest", 4);
        assertPasses(classes, "AcmeErratumTest", 2);
    }

    private static void assertPasses(Path classes, String test, int atLeast) throws Exception {
        TestExecutionSummary summary = test(classes, test);
        assertThat(summary.getFailures()).as(test).isEmpty();
        assertThat(summary.getTestsSucceededCount()).as(test).isGreaterThanOrEqualTo(atLeast);
    }

    private static String found(Pattern pattern, String guide) {
        Matcher match = pattern.matcher(guide);
        assertThat(match.find()).as("the guide has %s", pattern).isTrue();
        return match.group(1);
    }

    private static void copySources(Path folder) throws IOException {
        for (String file : TOLD) {
            Path to = folder.resolve(file);
            Files.createDirectories(to.getParent());
            Files.copy(House.root().resolve(file), to);
        }
        Path bundles = folder.resolve("bundles");
        Path from = House.root().resolve("bundles").resolve(MODEL);
        try (var files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)
                    .filter(path -> !from.relativize(path).startsWith("target"))::iterator) {
                Path to = bundles.resolve(MODEL).resolve(from.relativize(file));
                Files.createDirectories(to.getParent());
                Files.copy(file, to);
            }
        }
    }

    private static void run(String commands, Path folder) throws Exception {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder("sh", "-e", "-c", commands)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(output)).isZero();
    }

    private static void compile(Path bundle, Path classes) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter problems = new StringWriter();
        List<File> sources;
        try (var files = Files.walk(bundle)) {
            sources = files.filter(file -> file.toString().endsWith(".java"))
                    .map(Path::toFile)
                    .toList();
        }
        boolean compiled = compiler.getTask(
                        problems,
                        null,
                        null,
                        List.of("-d", classes.toString(), "-cp", System.getProperty("java.class.path")),
                        null,
                        compiler.getStandardFileManager(null, null, null).getJavaFileObjectsFromFiles(sources))
                .call();
        assertThat(compiled).as(problems.toString()).isTrue();
    }

    private static TestExecutionSummary test(Path classes, String name) throws Exception {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        // listeners that a build put on the class path belong to the build's own run
        LauncherConfig config = LauncherConfig.builder()
                .enableTestExecutionListenerAutoRegistration(false)
                .enableLauncherSessionListenerAutoRegistration(false)
                .build();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
            Class<?> test = loader.loadClass("org.sluice.vendor.acme." + name);
            LauncherFactory.create(config)
                    .execute(
                            LauncherDiscoveryRequestBuilder.request()
                                    .selectors(DiscoverySelectors.selectClass(test))
                                    .build(),
                            listener);
        }
        return listener.getSummary();
    }
}
