package org.sluice.itest;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.trace.Injection;
import org.sluice.trace.ReplayProgress;
import org.sluice.trace.ReplayReport;
import org.sluice.trace.ReplayRequest;
import org.sluice.trace.StreamReport;
import org.sluice.trace.SwapReport;
import org.sluice.trace.TraceReplay;

/** Real kernels' DMA through the real bundles; what must come out is what a walker found in those kernels' memory. */
class ReplayCapturesTest {
    static List<Path> captures() throws IOException {
        return Captures.folders();
    }

    static List<Path> capturesOfStage1() throws IOException {
        return Captures.ofStage1();
    }

    @ParameterizedTest
    @MethodSource("captures")
    void replayEndsWithTheMappingsThatTheKernelHad(Path capture) throws Exception {
        ReplayReport report = replay(ReplayRequest.of(List.of(capture)));
        assertThat(report.mismatches()).isEmpty();
        assertThat(report.mismatchCount()).isZero();
        assertThat(report.ambiguousEvents()).isZero();
        assertThat(report.malformedCount()).isZero();
        // where the trace does not tell all that was mapped, the comparison leaves that out and says so
        if (report.notes().stream().noneMatch(note -> note.contains("not compared"))) {
            assertThat(byStream(report, StreamReport::liveMappings)).isEqualTo(Captures.leaves(capture));
            assertThat(byStream(report, StreamReport::mappedPages)).isEqualTo(Captures.pages(capture));
            List<Long> sizes = Captures.sizes(capture);
            assertThat(report.liveMappings()).isEqualTo(sizes.size());
            assertThat(report.mappedPages())
                    .isEqualTo(sizes.stream().mapToLong(size -> size / 4096).sum());
        }
        assertThat(report.dmaChecked()).isGreaterThanOrEqualTo(report.mappedPages());
    }

    @ParameterizedTest
    @MethodSource("captures")
    void formatAndDriverAreSwappedUnderLoad(Path capture) throws Exception {
        ReplayReport report = replay(ReplayRequest.of(List.of(capture)));
        assertThat(report.swaps())
                .extracting(SwapReport::bundle)
                .containsExactly("org.sluice.pgtable.arm", "org.sluice.smmuv3.driver");
        assertThat(report.swaps()).allSatisfy(swap -> {
            assertThat(swap.newVersion()).isNotEqualTo(swap.oldVersion());
            assertThat(swap.pauseMicros()).isPositive();
            assertThat(swap.dmaDuringSwap())
                    .as("DMA meanwhile, %s", swap.bundle())
                    .isPositive();
        });
        // clients map in their PASIDs, which domains of stage 2 have not; a short pause may find none of them running
        assertThat(report.swaps().stream().anyMatch(swap -> swap.callsParked() > 0))
                .as("calls parked, %s", report.swaps())
                .isEqualTo(!report.pasids().isEmpty());
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void plantedDefectIsReported(Injection defect) throws Exception {
        Path capture = Captures.ofStage1().get(0);
        ReplayReport report = replay(ReplayRequest.of(List.of(capture)).withInjection(defect));
        assertThat(report.mismatchCount())
                .as("mismatches with %s", defect.word())
                .isPositive();
        assertThat(report.passed()).isFalse();
    }

    @Test
    void everyStreamHasPrivatePasidsThatReachOnlyTheirOwn() throws Exception {
        Path capture = Captures.ofStage1().get(0);
        ReplayReport report = replay(ReplayRequest.of(List.of(capture)).withSwap(false));
        assertThat(report.pasids()).hasSameSizeAs(report.streams()).allSatisfy(proof -> {
            assertThat(proof.pasids()).hasSizeGreaterThan(1).doesNotContain(0).doesNotHaveDuplicates();
        });
        assertThat(report.mismatches()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("capturesOfStage1")
    void devicesOfTheTraceShareAProcess(Path capture) throws Exception {
        ReplayReport report = replay(ReplayRequest.of(List.of(capture)).withSwap(false));
        assertThat(report.mismatches()).isEmpty();
        assertThat(report.shown())
                .anyMatch(text -> text.contains("devices shared a process"))
                .anyMatch(text -> text.contains("an unbind cut off a device"))
                .anyMatch(text -> text.contains("dirty pages"));
        assertThat(report.pageFaults())
                .hasEntrySatisfying("repaired", count -> assertThat(count).isPositive())
                .hasEntrySatisfying("refused", count -> assertThat(count).isPositive());
        assertThat(report.unsupported()).isEmpty();
    }

    private static ReplayReport replay(ReplayRequest request) throws InterruptedException {
        return Container.service(TraceReplay.class).replay(request, ReplayProgress.none());
    }

    /** Streams without a mapping have no row in the kernel's list. */
    private static Map<Integer, Long> byStream(ReplayReport report, ToLongFunction<StreamReport> count) {
        return report.streams().stream()
                .filter(stream -> count.applyAsLong(stream) != 0)
                .collect(toMap(StreamReport::streamId, count::applyAsLong, Long::sum, TreeMap::new));
    }
}
