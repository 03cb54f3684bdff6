package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The program as its users start it: what it prints where, and how it exits. */
class CommandLineIT {
    private static final Path SAMPLES = House.root().resolve("samples");

    @Test
    void withoutArgumentsTheSampleIsReplayedAndReported() throws Exception {
        Program run = Program.run("replay");
        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.out()).contains("nvme-virtioblk-strict", "Streams", "Private PASIDs", "Swaps", "PASSED");
        // a newer JDK warns about the framework's own use of sun.misc.Unsafe
        assertThat(run.err().lines().filter(line -> !line.startsWith("WARNING: ")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "nvme-virtioblk-strict, 329, 329",
        "single-nvme, 172, 172",
        "passthrough-vfio, 556, 2089",
        "vfio-16k, 2093, 32936"
    })
    void captureEndsWithoutMismatch(String capture, long leaves, long pages) throws Exception {
        Program run = Program.run("replay", "--json", SAMPLES.resolve(capture));
        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.number("liveMappings")).isEqualTo(leaves);
        assertThat(run.number("mappedPages")).isEqualTo(pages);
        for (String none : List.of("mismatches", "ambiguousEvents", "malformedLines")) {
            assertThat(run.number(none)).as(none).isZero();
        }
        for (String some : List.of("maps", "unmaps", "dmaChecked", "commands", "tableBytes")) {
            assertThat(run.number(some)).as(some).isPositive();
        }
        assertThat(run.json().get("events")).isInstanceOf(Map.class);
        assertThat(run.json()).containsKeys("pasids", "streams");
        // a short pause may find no client running, two hardly
        assertThat((List<?>) run.json().get("swaps"))
                .hasSize(2)
                .allSatisfy(swap -> arePositive(swap, "pauseMicros", "dmaDuringSwap"))
                .anySatisfy(swap -> arePositive(swap, "callsParked"));
    }

    @Test
    void tracepointsOfOneDomainNameEveryMapping() throws Exception {
        Program run = Program.run("replay", "--json", SAMPLES.resolve("single-nvme/trace.txt.gz"));
        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.number("liveMappings")).isEqualTo(172);
        assertThat(run.number("ambiguousEvents")).isZero();
    }

    @Test
    void tracepointsOfSeveralDomainsAreCountedAsAmbiguous() throws Exception {
        Program run = Program.run("replay", "--json", SAMPLES.resolve("nvme-virtioblk-strict/trace.txt.gz"));
        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.number("ambiguousEvents")).isPositive();
        assertThat((List<?>) run.json().get("ambiguities")).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"skip-tlbi", "wrong-pa", "stale-cd", "drop-sync", "swap-ssid"})
    void plantedDefectFailsTheRun(String defect) throws Exception {
        Program run = Program.run("replay", "--json", "--inject", defect);
        assertThat(run.exitCode()).as(run.toString()).isEqualTo(1);
        assertThat(run.number("mismatches")).isPositive();
    }

    @Test
    void malformedLineIsReportedAndDoesNotEndTheRun(@TempDir Path folder) throws Exception {
        Path trace = broken(folder);
        Program run = Program.run("replay", "--json", trace);
        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.number("malformedLines")).isEqualTo(1);
        assertThat(run.json().get("malformedDetails").toString()).contains(trace.getFileName() + ":3");
    }

    @Test
    void strictEndsAtTheMalformedLine(@TempDir Path folder) throws Exception {
        Path trace = broken(folder);
        Program run = Program.run("replay", "--strict", trace);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains(trace.getFileName() + ":3");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void wrongInputIsNamed(@TempDir Path folder) throws Exception {
        Program missing = Program.run("replay", folder.resolve("no-such-trace.txt"));
        assertThat(missing.exitCode()).isEqualTo(1);
        assertThat(missing.err()).contains("no-such-trace.txt").doesNotContain("\tat ");
        Program defect = Program.run("replay", "--inject", "gremlins");
        assertThat(defect.exitCode()).isEqualTo(2);
        assertThat(defect.err()).contains("gremlins", "skip-tlbi").doesNotContain("Exception");
    }

    @Test
    void everyBundleIsActiveInTheConsole() throws Exception {
        Program run = Program.run("shell", "-c", "lb -s");
        assertThat(run.exitCode()).as(run.toString()).isZero();
        List<String> bundles = Arrays.stream(run.out().split("\n"))
                .filter(line -> line.matches(" *[0-9]+\\|.*"))
                .toList();
        assertThat(bundles).hasSizeGreaterThan(15).allMatch(line -> line.contains("|Active "));
    }

    @Test
    void consoleShowsWhichHooksABoardsIommuGetsAndWhy() throws Exception {
        Program run = Program.run(
                "shell",
                "-b",
                "iommu.compatible=qcom,sdm845-smmu-500",
                "-b",
                "iommu.profile=qcom",
                "-b",
                "firmware.qcom,client-actlr=gpu=0x1",
                "-c",
                "sluice:status");
        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.out())
                .contains("smmu0", "RUNNING")
                .contains("uses Qualcomm SDM845 wait-for-safe: compatible is qcom,sdm845-smmu-500")
                .contains("uses Qualcomm ACTLR by client: compatible is qcom,sdm845-smmu-500,"
                        + " qcom,client-actlr is gpu=0x1");
    }

    @Test
    void statusListsOffersInOrderAndEqualOnesOnce() throws Exception {
        Program run = Program.run("shell", "-c", "sluice:status");
        assertThat(run.exitCode()).as(run.toString()).isZero();
        List<String> offers = Arrays.stream(run.out().split("\n"))
                .filter(line -> line.startsWith("offered"))
                .toList();
        assertThat(offers).isSorted().doesNotHaveDuplicates();
        assertThat(offers)
                .anyMatch(
                        line -> line.matches("offered  Smmuv2Hooks  by org\\.sluice\\.vendor\\.msm .*\\d of them\\)"));
    }

    @Test
    void consoleSaysThatTheModelOfAnSmmuv2DoesNotExplainItself() throws Exception {
        Program run = Program.run("shell", "-b", "iommu.compatible=arm,smmu-v2", "-c", "sluice:explain gpu 0x1000");
        assertThat(run.exitCode()).as(run.toString()).isZero();
        assertThat(run.out()).contains("no board's IOMMU is a model that explains itself");
    }

    @Test
    void consoleSaysWhatIsWrongWithItsBoardWithoutATrace() throws Exception {
        Program run = Program.run("shell", "-b", "iommu.profile=gremlins", "-c", "sluice:status");
        assertThat(run.err()).contains("profile is 'gremlins', known are [").doesNotContain("\tat ");
    }

    @Test
    void consoleNamesACommandThatIsNotThereOrWantsOtherArguments() throws Exception {
        for (String wrong : List.of("sluice:gremlins", "sluice:explain gpu")) {
            Program run = Program.run("shell", "-c", wrong);
            assertThat(run.exitCode()).as(run.toString()).isEqualTo(1);
            assertThat(run.err()).contains(wrong).doesNotContain("\tat ");
        }
    }

    @Test
    void consoleNamesWhatAStoppedBundleTakesAway() throws Exception {
        String bundles = Program.run("shell", "-c", "lb -s").out();
        String msm = idOf("org.sluice.vendor.msm", bundles);
        String format = idOf("org.sluice.pgtable.arm", bundles);
        Program run = Program.run(
                "shell",
                "-c",
                "stop " + msm,
                "-c",
                "stop " + format,
                "-c",
                "sluice:status",
                "-c",
                "start " + msm,
                "-c",
                "start " + format,
                "-c",
                "sluice:status");
        assertThat(run.exitCode()).as(run.toString()).isZero();
        String stopped = run.out().substring(0, run.out().lastIndexOf("missing"));
        String started = run.out().substring(run.out().lastIndexOf("missing"));
        assertThat(run.out())
                .contains("missing  MmAllocator: bundle org.sluice.vendor.msm")
                .contains("missing  PageTableFormat: bundle org.sluice.pgtable.arm");
        assertThat(stopped).doesNotContain("offered  MmAllocator", "offered  PageTableFormat ARM_64_LPAE_S1");
        assertThat(started).contains("offered  MmAllocator", "offered  PageTableFormat ARM_64_LPAE_S1");
    }

    /** The number of a bundle; every container of the distribution installs in the same order. */
    private static String idOf(String symbolicName, String bundles) {
        Matcher row = Pattern.compile("(?m)^ *(\\d+)\\|.*\\|" + Pattern.quote(symbolicName) + " \\(")
                .matcher(bundles);
        assertThat(row.find()).as("%s in %s", symbolicName, bundles).isTrue();
        return row.group(1);
    }

    private static void arePositive(Object swap, String... counts) {
        Map<?, ?> map = (Map<?, ?>) swap;
        assertThat(map.get("oldVersion")).isNotEqualTo(map.get("newVersion"));
        for (String count : counts) {
            assertThat(((Number) map.get(count)).longValue()).as(count).isPositive();
        }
    }

    private static Path broken(Path folder) throws IOException {
        return Files.writeString(folder.resolve("trace.txt"), """
                  insmod-189 [000] ..... 3.155307: add_device_to_group: IOMMU: groupID=0 device=0000:00:02.0
                  insmod-189 [000] ..... 3.158887: attach_device_to_domain: IOMMU: device=0000:00:02.0
                  kworker-23 [000] ..... 3.167162: map: IOMMU: iova=0x00000000ffzff000 - 0x0000000100000000 paddr=0x0000000008090000 size=4096
                  kworker-23 [000] ..... 3.170258: map: IOMMU: iova=0x00000000ffffe000 - 0x00000000fffff000 paddr=0x000000004464d000 size=4096
                """);
    }
}
