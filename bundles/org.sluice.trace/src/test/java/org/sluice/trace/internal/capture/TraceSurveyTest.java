package org.sluice.trace.internal.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IommuException;
import org.sluice.trace.MalformedLine;
import org.sluice.trace.Samples;

class TraceSurveyTest {
    private static final String ATTACH = "a-1 [000] ..... 1.5: attach_device_to_domain: IOMMU: device=0000:00:02.0\n";

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "nvme-virtioblk-strict/trace-domains.txt.gz, 3, 3366, 1782",
        "single-nvme/trace-domains.txt.gz, 1, 1566, 134",
        "passthrough-vfio/trace-domains.txt, 4, 45, 4"
    })
    void probesAreCountedAsTheCaptureCountsThem(String trace, long attaches, long maps, long unmaps) {
        TraceSurvey survey = TraceSurvey.of(Samples.of(trace), true);
        assertThat(survey.events())
                .containsOnly(
                        entry("smmu_attach_dev", attaches),
                        entry("smmu_map_pages", maps),
                        entry("smmu_unmap_pages", unmaps));
        assertThat(survey.namesDomains()).isTrue();
        assertThat(survey.hasBothForms()).isFalse();
        assertThat(survey.lost()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "nvme-virtioblk-strict/trace.txt.gz, 3, 3, 3366, 1782",
        "single-nvme/trace.txt.gz, 1, 1, 1566, 134",
        "passthrough-vfio/trace.txt, 2, 4, 45, 4"
    })
    void tracepointsAreCountedAsTheCaptureCountsThem(String trace, long joins, long attaches, long maps, long unmaps) {
        TraceSurvey survey = TraceSurvey.of(Samples.of(trace), true);
        assertThat(survey.events())
                .contains(
                        entry("add_device_to_group", joins),
                        entry("attach_device_to_domain", attaches),
                        entry("map", maps),
                        entry("unmap", unmaps));
        assertThat(survey.namesDomains()).isFalse();
        assertThat(survey.unmaps()).isEqualTo(unmaps);
    }

    @ParameterizedTest
    @CsvSource({"2/2, 0, 0", "2/9, 7, 0", "5/5, 3, 3", "5/9, 7, 3"})
    void headingTellsWhatIsNotThere(String counts, long lost, long missing) throws IOException {
        Path file = Files.writeString(
                folder.resolve("t.txt"),
                "# entries-in-buffer/entries-written: " + counts + "   #P:2\n" + ATTACH + "rubbish\n" + ATTACH);
        TraceSurvey survey = TraceSurvey.of(file, false);
        assertThat(survey.lost()).isEqualTo(lost);
        assertThat(survey.missing()).isEqualTo(missing);
    }

    @Test
    void malformedLineIsCountedWithFileLineAndReason() throws IOException {
        Path file = Files.writeString(folder.resolve("t.txt"), ATTACH + "rubbish\n" + ATTACH);
        TraceSurvey survey = TraceSurvey.of(file, false);
        assertThat(survey.malformedCount()).isEqualTo(1);
        assertThat(survey.malformed())
                .containsExactly(new MalformedLine(
                        "t.txt", 2, "no header of the form TASK-PID [CPU] FLAGS TIMESTAMP: EVENT: in \"rubbish\""));
        assertThat(survey.total()).isEqualTo(2);
    }

    @Test
    void malformedLineEndsAStrictRun() throws IOException {
        Path file = Files.writeString(folder.resolve("t.txt"), ATTACH + "rubbish\n");
        assertThatThrownBy(() -> TraceSurvey.of(file, true))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("t.txt:2");
    }

    @Test
    void traceWithoutDevicesIsAClearError() throws IOException {
        Path file = Files.writeString(folder.resolve("t.txt"), "nothing here\n");
        assertThatThrownBy(() -> TraceSurvey.of(file, false))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("names no device")
                .hasMessageContaining("1 of them malformed");
    }

    @Test
    void physicalMemoryCoversEveryPageInMultiplesOf64KiB() {
        TraceSurvey survey = TraceSurvey.of(Samples.of("single-nvme/trace.txt.gz"), true);
        assertThat(survey.physical().overlaps(0x8090000, 0x1000)).isTrue();
        survey.physical().forEach((first, last) -> {
            assertThat(first & 0xffff).isZero();
            assertThat(last & 0xffff).isEqualTo(0xffff);
        });
    }
}
