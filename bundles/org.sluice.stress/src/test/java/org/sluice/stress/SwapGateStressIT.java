package org.sluice.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the stress tests of this package under jcstress, in a process of its own as that needs, and reads its verdict. */
class SwapGateStressIT {
    /** The last progress line and the summary: whatever failed, erred or was interesting is not among "remaining". */
    private static final Pattern VERDICT = Pattern.compile(
            "Results: (?<planned>\\d+) planned; (?<passed>\\d+) passed, 0 failed, \\d+ soft errs, 0 hard errs\\)"
                    + "\\s+RUN RESULTS:.*All remaining tests: (?<tests>\\d+) matching",
            Pattern.DOTALL);

    private static final List<Class<?>> TESTS =
            List.of(DrainStress.class, NestedStress.class, GraceStress.class, ParkStress.class);

    @TempDir
    private Path folder;

    @Test
    void gateDecidesEveryRace() throws IOException, InterruptedException {
        Path output = folder.resolve("output.txt");
        Process jcstress = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.openjdk.jcstress.Main",
                        "-t",
                        "org.sluice.stress",
                        "-f",
                        "1",
                        "-iters",
                        "3",
                        "-time",
                        "1000",
                        // One set of flags and one way of compiling: enough to catch a fence that is missing, and
                        // dozens of processes less.
                        "-jvmArgs",
                        "-Xmx256m",
                        "-sc",
                        "false",
                        "-hs",
                        "256",
                        "-r",
                        folder.resolve("report").toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = jcstress.waitFor(10, TimeUnit.MINUTES);
        jcstress.destroyForcibly();
        String text = Files.readString(output);
        assertThat(ended).as("jcstress ended; it said:%n%s", text).isTrue();

        assertThat(jcstress.exitValue())
                .as("exit code; jcstress said:%n%s", text)
                .isZero();
        Matcher verdict = VERDICT.matcher(text);
        assertThat(verdict.find()).as("a verdict in:%n%s", text).isTrue();
        assertThat(number(verdict, "passed")).as("passed, of what was planned").isEqualTo(number(verdict, "planned"));
        assertThat(number(verdict, "tests")).as("tests that ran").isEqualTo(TESTS.size());
    }

    private static int number(Matcher verdict, String group) {
        return Integer.parseInt(verdict.group(group));
    }
}
