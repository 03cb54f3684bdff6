package org.sluice.trace.internal.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.trace.internal.TraceWriter;

class TableFormTest {
    private static final long SIZES_4K = 0x40201000L;
    private static final long SIZES_16K = 0x2004000L;
    private static final long SIZES_64K = 0x20010000L;

    @TempDir
    Path folder;

    private TraceSurvey survey(TraceWriter trace) {
        return TraceSurvey.of(trace.to(folder.resolve("trace.txt")), true);
    }

    private static TraceWriter trace() {
        return new TraceWriter().attach("0000:00:02.0");
    }

    private static Optional<ExpectedMappings> leaves(int stage, long descriptor, long... sizes) {
        List<ExpectedLeaf> leaves = new ArrayList<>();
        for (long size : sizes) {
            leaves.add(new ExpectedLeaf(0x10, stage, size, size, size, "rw", descriptor));
        }
        return Optional.of(new ExpectedMappings(leaves, List.of()));
    }

    @Test
    void captureThatTellsNothingHasTheUsualForm() {
        assertThat(TableForm.of(survey(trace()), Optional.empty())).isEqualTo(TableForm.USUAL);
    }

    @ParameterizedTest
    @CsvSource({
        "0x1000, 0x1000, 0x40201000",
        "0x200000, 0x200000, 0x40201000",
        "0x4000, 0x2000000, 0x2004000",
        "0x2000000, 0x2000000, 0x2004000",
        "0x10000, 0x20000000, 0x20010000"
    })
    void leafSizesTellTheGranule(String one, String other, String sizes) {
        assertThat(TableForm.of(survey(trace()), leaves(1, 0, Long.decode(one), Long.decode(other)))
                        .leafSizes())
                .isEqualTo(Long.decode(sizes));
    }

    @Test
    void pageSizesOfProbesTellTheGranule() {
        TraceWriter probes = new TraceWriter()
                .line("a-1 [000] ..... 1.0: smmu_attach_dev: (f) domain=0x9000 dev=\"0000:00:02.0\"")
                .line("a-1 [000] ..... 1.1: smmu_map_pages: (f) domain=0x9000 iova=0x8000 paddr=0x4000 pgsize=0x4000"
                        + " pgcount=2 prot=0x3");
        assertThat(TableForm.of(survey(probes), Optional.empty()).leafSizes()).isEqualTo(SIZES_16K);
    }

    @Test
    void tracepointsTellTheGranuleByTheSmallestMapOfWhichAllAddressesAreMultiples() {
        TraceWriter wide = trace().map(0x40000, 0x80000, 0x10000).map(0x50000, 0xa0000, 0x20000);
        assertThat(TableForm.of(survey(wide), Optional.empty()).leafSizes()).isEqualTo(SIZES_64K);
        TraceWriter odd = wide.map(0x101000, 0x201000, 0x10000);
        assertThat(TableForm.of(survey(odd), Optional.empty()).leafSizes()).isEqualTo(SIZES_4K);
        TraceWriter blocks = trace().map(0x200000, 0x400000, 0x200000);
        assertThat(TableForm.of(survey(blocks), Optional.empty()).leafSizes()).isEqualTo(SIZES_4K);
    }

    @Test
    void sizesOfTwoGranulesAndLeavesOfTwoStagesAreRefused() {
        TraceSurvey survey = survey(trace());
        assertThatThrownBy(() -> TableForm.of(survey, leaves(1, 0, 0x1000, 0x4000)))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("0x5000");
        List<ExpectedLeaf> both =
                new ArrayList<>(leaves(1, 0, 0x1000).orElseThrow().leaves());
        both.addAll(leaves(2, 0, 0x1000).orElseThrow().leaves());
        assertThatThrownBy(() -> TableForm.of(survey, Optional.of(new ExpectedMappings(both, List.of()))))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("stage 2");
    }

    @Test
    void memoryTypesTellForcedWriteBackOfStage2Only() {
        TraceSurvey survey = survey(trace());
        assertThat(TableForm.of(survey, leaves(2, 0x4195d7bfL, 0x1000))).isEqualTo(new TableForm(2, SIZES_4K, false));
        assertThat(TableForm.of(survey, leaves(2, 0x4195d79bL, 0x1000))).isEqualTo(new TableForm(2, SIZES_4K, true));
        assertThat(TableForm.of(survey, leaves(1, 0x4195d79bL, 0x1000))).isEqualTo(new TableForm(1, SIZES_4K, false));
    }

    @Test
    void stage1GrantsReadingWithWriting() {
        assertThat(TableForm.USUAL.granted(Prot.WRITE)).isEqualTo(Prot.READ | Prot.WRITE);
        assertThat(TableForm.USUAL.granted(Prot.READ)).isEqualTo(Prot.READ);
        assertThat(new TableForm(2, SIZES_4K, false).granted(Prot.WRITE)).isEqualTo(Prot.WRITE);
    }
}
