package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The main job on a machine that nobody here wrote: skipped loudly without QEMU, unless it is required. */
class QemuReplayIT {
    private static final String BINARY = System.getProperty("sluice.qemu", "qemu-system-aarch64");

    @ParameterizedTest
    @CsvSource({"nvme-virtioblk-strict, 329", "single-nvme, 172", "passthrough-vfio, 556", "vfio-16k, 2093"})
    void captureEndsWithoutMismatchOnQemu(String capture, long leaves) throws Exception {
        requireQemu();
        Program run = Program.run(
                List.of("-Dsluice.qemu=" + BINARY),
                "replay",
                "--json",
                "--board",
                "qemu",
                House.root().resolve("samples").resolve(capture));
        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.number("mismatches")).isZero();
        assertThat(run.number("liveMappings")).isEqualTo(leaves);
        assertThat(run.number("dmaChecked")).isGreaterThan(leaves);
        assertThat((List<?>) run.json().get("swaps")).hasSize(2);
        assertThat((List<?>) run.json().get("pasids")).isEmpty();
        assertThat(run.json().get("unsupported").toString()).contains("PASIDs");
        assertThat(run.json().get("events").toString()).contains("F_TRANSLATION");
    }

    @Test
    void missingQemuIsNamedAtOnce() throws Exception {
        Program run = Program.run(List.of("-Dsluice.qemu=/no/such/qemu"), "replay", "--board", "qemu");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("sluice replay:", "/no/such/qemu");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void defectsAreForTheModel() throws Exception {
        Program run = Program.run("replay", "--board", "qemu", "--inject", "skip-tlbi");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("only the model board plants defects");
        Program unknown = Program.run("replay", "--board", "breadboard");
        assertThat(unknown.exitCode()).isEqualTo(2);
        assertThat(unknown.err()).contains("breadboard", "model|qemu").doesNotContain("Exception");
    }

    private static void requireQemu() throws InterruptedException {
        try {
            Process process = new ProcessBuilder(BINARY, "--version")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
            assertThat(process.waitFor()).as(BINARY).isZero();
        } catch (IOException missing) {
            String text = "NOT RUN, no QEMU: " + missing.getMessage();
            System.err.println(text);
            if (Boolean.getBoolean("sluice.qemu.required")) {
                fail(text);
            }
            abort(text);
        }
    }
}
