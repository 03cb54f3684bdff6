package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jazzer, guided by the model's coverage, in a process of its own: some hundred inputs here, hours with
 * {@code -Dsluice.fuzz.seconds=…}. {@code -Dsluice.fuzz.corpus=FOLDER} keeps what it finds. A finding is an input that the
 * output names, in the module's target folder.
 */
class CoverageGuidedFuzzTest {
    // of 0, so many inputs: a machine under load must not run out of time before the first
    private static final int SECONDS = Integer.getInteger("sluice.fuzz.seconds", 0);
    private static final int INPUTS = 400;
    private static final Pattern DONE = Pattern.compile("#(\\d+)\\s+DONE\\s+cov: (\\d+)");
    private static final Pattern BEGAN = Pattern.compile("INITED\\s+cov: (\\d+)");

    @Test
    void nothingThatAGuestWritesBreaksTheModel(@TempDir Path temporary) throws IOException, InterruptedException {
        String given = System.getProperty("sluice.fuzz.corpus");
        Path corpus = given == null ? temporary : Files.createDirectories(Path.of(given));
        Path output = temporary.resolve("output.txt");
        Path findings = Files.createDirectories(Path.of("target", "fuzz"));
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+EnableDynamicAgentLoading",
                        "-Xmx512m",
                        "-cp",
                        classPath,
                        "com.code_intelligence.jazzer.Jazzer",
                        "--target_class=" + GuestFuzzer.class.getName(),
                        "--instrumentation_includes=org.sluice.smmuv3.model.*",
                        "--custom_hook_includes=none.*",
                        "--reproducer_path=" + findings.toAbsolutePath(),
                        "-artifact_prefix=" + findings.toAbsolutePath() + "/",
                        SECONDS == 0 ? "-runs=" + INPUTS : "-max_total_time=" + SECONDS,
                        "-max_len=2048",
                        "-timeout=60",
                        "-print_final_stats=1",
                        corpus.toAbsolutePath().toString()))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(SECONDS + 300L, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        String text = Files.readString(output, StandardCharsets.ISO_8859_1);
        Matcher began = BEGAN.matcher(text);
        boolean started = began.find();
        boolean finding = text.contains("Java Exception:") || text.contains("ERROR: libFuzzer");
        if (ended && !started && !finding) {
            // instrumentation that this Java refuses is no finding, but nobody must take it for a pass
            System.err.println("FUZZING SKIPPED: Jazzer does not run on Java " + Runtime.version() + ":\n" + text);
            Assumptions.abort("Jazzer does not run on Java " + Runtime.version());
        }
        assertThat(ended).as(text).isTrue();
        assertThat(process.exitValue()).as(text).isZero();
        Matcher done = DONE.matcher(text);
        assertThat(done.find()).as(text).isTrue();
        System.out.println("fuzzed: " + done.group(1) + " inputs, coverage " + began.group(1) + " to " + done.group(2));
        // it is guided: what it tried reached more than what it began with
        assertThat(Integer.parseInt(done.group(2))).as(text).isGreaterThan(Integer.parseInt(began.group(1)));
    }
}
