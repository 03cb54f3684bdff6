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
    private static final Pattern SHELL = Pattern.compile("## Copy\\s+```sh\n(.*?)```", Pattern.DOTALL);
    private static final Pattern JAVA = Pattern.compile("```java\n(@Component.*?)```", Pattern.DOTALL);
    private static final String IMPORTS = """
            package org.sluice.vendor.acme;
            import java.util.Optional;
            import org.osgi.service.component.annotations.Component;
            import org.sluice.spi.bus.RegisterFile;
            import org.sluice.spi.quirk.HardwareIdentity;
            import org.sluice.spi.quirk.Smmuv2Hooks;
            import org.sluice.spi.quirk.Smmuv2Limits;
            """;

    @Test
    void copyOfTheSmallestPlugInBuildsAndPassesItsTests(@TempDir Path folder) throws Exception {
        String guide = Files.readString(House.root().resolve("docs/vendor-plugins.md"));
        copySources(folder.resolve("bundles"));
        run(found(SHELL, guide), folder);

        Path made = folder.resolve("bundles").resolve(COPY);
        assertThat(Files.readString(made.resolve("pom.xml")))
                .contains("<artifactId>" + COPY + "</artifactId>")
                .doesNotContain(MODEL);
        Path sources = made.resolve("src/main/java/org/sluice/vendor/acme");
        Files.writeString(sources.resolve("AcmeErratum.java"), IMPORTS + found(JAVA, guide));
        Path classes = Files.createDirectory(folder.resolve("classes"));
        compile(made, classes);
        TestExecutionSummary summary = test(classes);
        assertThat(summary.getFailures()).isEmpty();
        assertThat(summary.getTestsSucceededCount()).isGreaterThanOrEqualTo(4);
    }

    private static String found(Pattern pattern, String guide) {
        Matcher match = pattern.matcher(guide);
        assertThat(match.find()).as("the guide has %s", pattern).isTrue();
        return match.group(1);
    }

    private static void copySources(Path bundles) throws IOException {
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

    private static TestExecutionSummary test(Path classes) throws Exception {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        // listeners that a build put on the class path belong to the build's own run
        LauncherConfig config = LauncherConfig.builder()
                .enableTestExecutionListenerAutoRegistration(false)
                .enableLauncherSessionListenerAutoRegistration(false)
                .build();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
            Class<?> test = loader.loadClass("org.sluice.vendor.acme.SplitAccessTest");
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
