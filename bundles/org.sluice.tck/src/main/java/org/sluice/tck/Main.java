package org.sluice.tck;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.jar.JarFile;
import org.sluice.api.IommuException;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * Runs the suite against every page-table format of a bundle: {@code Main BUNDLE.jar [DECLARATION.properties]}. Exit code 0
 * when all cases passed, 1 when some failed, 2 when there was nothing to run.
 */
public final class Main {
    private static final int PASSED = 0;
    private static final int FAILED = 1;
    private static final int UNUSABLE = 2;

    /** Lines of a failure that are shown; a shrunk sequence is in the first ones. */
    private static final int SHOWN = 40;

    private final PrintStream out;

    Main(PrintStream out) {
        this.out = out;
    }

    /**
     * The command.
     *
     * @param arguments a bundle, and a properties file if what most formats do is not enough
     */
    public static void main(String[] arguments) {
        System.exit(new Main(System.out).run(arguments));
    }

    /** Runs it; returns the exit code. */
    int run(String... arguments) {
        if (arguments.length < 1 || arguments.length > 2) {
            out.println("usage: org.sluice.tck.Main BUNDLE.jar [DECLARATION.properties]");
            return UNUSABLE;
        }
        Path bundle = Path.of(arguments[0]);
        try (JarFile jar = new JarFile(bundle.toFile());
                URLClassLoader loader =
                        new URLClassLoader(new URL[] {bundle.toUri().toURL()}, Main.class.getClassLoader())) {
            Properties declared = new Properties();
            if (arguments.length == 2) {
                try (InputStream content = Files.newInputStream(Path.of(arguments[1]))) {
                    declared.load(content);
                }
            }
            return run(FormatJar.components(jar), loader, declared);
        } catch (IOException | ReflectiveOperationException | LinkageError | IommuException unusable) {
            out.println(unusable);
            return UNUSABLE;
        }
    }

    private int run(List<FormatJar.Component> components, ClassLoader loader, Properties declared)
            throws ReflectiveOperationException {
        if (components.isEmpty()) {
            out.println("no component in OSGI-INF/*.xml provides " + PageTableFormat.class.getName());
            return UNUSABLE;
        }
        MemoryFactory memory = new ResidentMemoryFactory();
        boolean failed = false;
        for (FormatJar.Component component : components) {
            PageTableFormat format = instance(loader, component.implementation());
            if (!format.name().equals(component.format())) {
                out.printf(
                        "%s: its component's property %s is \"%s\", name() is \"%s\"%n",
                        component.implementation(), PageTableFormat.FORMAT, component.format(), format.name());
                failed = true;
            }
            FormatUnderTest subject = new Declaration(declared, format).formatUnderTest(memory);
            failed |= report(subject, SuiteRun.of(subject, memory));
        }
        return failed ? FAILED : PASSED;
    }

    private boolean report(FormatUnderTest subject, SuiteRun.Outcome outcome) {
        for (SuiteRun.Failure failure : outcome.failures()) {
            out.printf("FAILED %s%n  with %s%n", failure.rule(), failure.configuration());
            String.valueOf(failure.cause().getMessage())
                    .strip()
                    .lines()
                    .limit(SHOWN)
                    .forEach(line -> out.println("  " + line));
        }
        out.printf(
                "%s: %d configurations, %d passed, %d failed%n",
                subject.name(),
                subject.configs().size(),
                outcome.passed(),
                outcome.failures().size());
        return !outcome.failures().isEmpty() || outcome.passed() == 0;
    }

    private static PageTableFormat instance(ClassLoader loader, String name) throws ReflectiveOperationException {
        return (PageTableFormat) loader.loadClass(name).getConstructor().newInstance();
    }
}
