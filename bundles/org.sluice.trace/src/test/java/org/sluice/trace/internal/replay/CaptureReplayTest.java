package org.sluice.trace.internal.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.SwapEvent;
import org.sluice.trace.Mismatch;
import org.sluice.trace.PasidReport;
import org.sluice.trace.ReplayProgress;
import org.sluice.trace.ReplayReport;
import org.sluice.trace.ReplayRequest;
import org.sluice.trace.Samples;
import org.sluice.trace.SwapReport;
import org.sluice.trace.fake.Defect;
import org.sluice.trace.fake.FakePlatform;
import org.sluice.trace.internal.TraceWriter;
import org.sluice.trace.internal.capture.Capture;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.machine.MachinePlan;
import org.sluice.trace.internal.swap.Updates;

/** The replay against a platform that is a few maps: what it says of a right one, and of wrong ones. */
class CaptureReplayTest {
    private static final String DISK = "0000:00:02.0";
    private static final String GPU = "0000:01:00.0";
    private static final long A = 0xffff000000001098L;
    private static final long B = 0xffff000000002098L;

    @TempDir
    Path folder;

    private FakePlatform platform;

    @Test
    void rightPlatformHasNoMismatch() throws IOException {
        ReplayReport report = replay(twoStreams(), Defect.NONE);
        assertThat(report.mismatches()).isEmpty();
        assertThat(report.passed()).isTrue();
        assertThat(report.liveMappings()).isEqualTo(4);
        assertThat(report.maps()).isEqualTo(3);
        assertThat(report.unmaps()).isEqualTo(1);
        assertThat(report.bytesMapped()).isEqualTo(6 * 4096);
        assertThat(report.pageSizes()).containsExactly(entry(4096L, 4L));
        assertThat(report.tlbHits()).as("of both stages").isEqualTo(12);
        assertThat(report.tableBytes()).isEqualTo(8192);
        assertThat(report.commands()).containsExactly(entry("CMD_SYNC", 3L));
        assertThat(report.events()).containsKeys("F_TRANSLATION", "F_PERMISSION", "C_BAD_CD");
        assertThat(report.streams()).extracting(stream -> stream.untagged()).containsExactly("bypassed", "translated");
        assertThat(report.pasids())
                .hasSize(2)
                .allSatisfy(stream -> assertThat(stream.pasids()).hasSize(5).doesNotHaveDuplicates());
        assertThat(report.pageFaults()).containsOnlyKeys("repaired");
        assertThat(report.shown()).anyMatch(text -> text.contains("2 devices shared a process: 6 pages came"));
        assertThat(platform.openDomains()).isZero();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyDefectIsAMismatch(Defect defect) throws IOException {
        ReplayReport report = replay(twoStreams(), defect);
        assertThat(report.passed()).isFalse();
        assertThat(report.mismatches()).isNotEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "STALE_TLB, read right after the unmap",
        "WRONG_PAGE, read right after the map",
        "SWAPPED_PASIDS, read with a PASID",
        "STALE_PASID, read with a PASID that was freed",
        "WRITABLE, write to a read-only page",
        "WRONG_DESCRIPTOR, leaf of the trace",
        "NO_BYPASS, untagged read of a bypassed stream",
        "SPURIOUS_EVENT, 'events that nothing provoked, 3 in all'",
        "NO_COPY, child's view of its page",
        "NO_DEMAND, write across two pages that are not there",
        "DEAF_UNBIND, write of a device that was unbound",
        "DEAF_EXIT, read after the process's exit"
    })
    void mismatchSaysWhatWasLookedAt(Defect defect, String what) throws IOException {
        assertThat(replay(twoStreams(), defect).mismatches())
                .extracting(Mismatch::what)
                .contains(what);
    }

    @Test
    void mismatchNamesStreamIovaAndBothAnswers() throws IOException {
        assertThat(replay(twoStreams(), Defect.STALE_TLB).mismatches())
                .extracting(Mismatch::toString)
                .contains("capture: read right after the unmap, stream 0x100, iova 0x5000:"
                        + " expected read aborts with F_TRANSLATION, found the transfer completed");
    }

    @Test
    void outcomeOfPasidsIsClaimedOnlyWhereItWasShown() throws IOException {
        assertThat(replay(twoStreams(), Defect.NONE).pasids())
                .flatExtracting(PasidReport::outcomes)
                .noneMatch(outcome -> outcome.toString().startsWith("not shown"));
        assertThat(replay(twoStreams(), Defect.SWAPPED_PASIDS).pasids())
                .flatExtracting(PasidReport::outcomes)
                .anyMatch(outcome -> outcome.toString().startsWith("not shown"));
    }

    @Test
    void platformThatFailsAllTheTimeStopsTheReplay() throws IOException {
        ReplayReport report = replay(twoStreams(), Defect.NO_MAP);
        assertThat(report.mismatches()).extracting(Mismatch::found).anyMatch(found -> found.contains("ENOMEM"));
        assertThat(platform.openDomains()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"nvme-virtioblk-strict, 329", "single-nvme, 172", "passthrough-vfio, 556"})
    void captureIsReplayedWithoutMismatchButForDescriptorsThatTheFakeHasNot(String name, long leaves) {
        ReplayReport report = replay(Capture.of(Samples.of(name)), Defect.NONE, Optional.empty());
        assertThat(report.liveMappings()).isEqualTo(leaves);
        assertThat(report.mismatchCount()).isEqualTo(leaves);
        assertThat(report.mismatches())
                .allSatisfy(mismatch -> assertThat(mismatch.what()).isEqualTo("leaf of expected-mappings.csv"));
    }

    @Test
    void expectedLeafThatIsMissingIsAMismatch() throws IOException {
        twoStreams();
        Files.writeString(
                folder.resolve("capture/expected-mappings.csv"),
                "sid,stage,ssid,iova,size,pa,perm,pte\n0x100,s1,0,0xd000,0x1000,0x40009000,rw,0x0\n");
        ReplayReport report = replay(Capture.of(folder.resolve("capture")), Defect.NONE, Optional.empty());
        assertThat(report.mismatches()).extracting(Mismatch::found).contains("no leaf");
    }

    /** A group with a switch port that was attached before the trace began, and mapped the doorbell of its MSIs. */
    private Capture olderThanTheTrace(String rows) throws IOException {
        Path capture = Files.createDirectories(folder.resolve("older"));
        new TraceWriter()
                .smmuAttach(A, GPU)
                .smmuMap(A, 0x1000, 0x40001000, 1, 3)
                .smmuMap(A, 0x2000, 0x40002000, 1, 3)
                .smmuUnmap(A, 0x2000, 1)
                .to(capture.resolve("trace-domains.txt"));
        Files.writeString(capture.resolve("iommu_groups.txt"), "group 0 type=DMA devices: 0000:00:08.0 " + GPU + " \n");
        Files.writeString(capture.resolve("expected-mappings.csv"), "sid,stage,ssid,iova,size,pa,perm,pte\n" + rows);
        long leaves = rows.lines().count();
        Files.writeString(
                capture.resolve("expected-summary.json"),
                "{\"leaves\": " + leaves + ", \"mapped_bytes\": " + 4096 * leaves + "}");
        return Capture.of(capture);
    }

    private static String row(int stream, int page) {
        return String.format("0x%x,s1,0,0x%x000,0x1000,0x%x,rw,0x0%n", stream, page, 0x40000000L + page * 0x1000L);
    }

    @Test
    void leafThatIsOlderThanTheTraceIsRemarkedNotBlamed() throws IOException {
        ReplayReport report = replay(olderThanTheTrace(row(0x100, 1) + row(0x100, 0xffff)), Defect.NONE);
        assertThat(report.mismatches()).isEmpty();
        assertThat(report.notes()).anyMatch(note -> note.contains("stream 0x100, the first at iova 0xffff000"));
    }

    @Test
    void leafThatTheTraceUnmappedIsAMismatchEvenInAnOlderDomain() throws IOException {
        ReplayReport report = replay(olderThanTheTrace(row(0x100, 1) + row(0x100, 2)), Defect.NONE);
        assertThat(report.mismatches()).extracting(Mismatch::found).contains("no leaf");
    }

    /** The port of the same group, and the alias of a bridge on the device's bus. */
    @ParameterizedTest
    @ValueSource(ints = {0x40, 0x100})
    void streamThatSharesTablesIsComparedWithThem(int sharer) throws IOException {
        int device = sharer == 0x100 ? 0x108 : 0x100;
        Path capture =
                olderThanTheTrace(row(device, 1) + row(sharer, 1)).trace().getParent();
        if (device == 0x108) {
            Path trace = capture.resolve("trace-domains.txt");
            Files.writeString(trace, Files.readString(trace).replace(GPU, "0000:01:01.0"));
        }
        ReplayReport right = replay(Capture.of(capture), Defect.NONE);
        assertThat(right.mismatches()).isEmpty();
        assertThat(right.notes()).anyMatch(note -> note.contains("which it shares"));
        Path rows = capture.resolve("expected-mappings.csv");
        Files.writeString(
                rows,
                "sid,stage,ssid,iova,size,pa,perm,pte\n" + row(device, 1)
                        + row(sharer, 1).replace("40001000", "40009000"));
        assertThat(replay(Capture.of(capture), Defect.NONE).mismatches())
                .extracting(Mismatch::what)
                .contains(String.format("leaf of expected-mappings.csv, stream 0x%x, which shares its tables", sharer));
    }

    @Test
    void traceThatBreaksOffIsRemarkedAndExpectationsAreNotCompared() throws IOException {
        Path capture = olderThanTheTrace(row(0x100, 1) + row(0x100, 2)).trace().getParent();
        Path trace = capture.resolve("trace-domains.txt");
        Files.writeString(trace, "# entries-in-buffer/entries-written: 9/9   #P:1\n" + Files.readString(trace));
        ReplayReport report = replay(Capture.of(capture), Defect.NONE);
        assertThat(report.mismatches()).isEmpty();
        assertThat(report.notes())
                .anyMatch(note -> note.contains("counts 5 events that are not in it"))
                .anyMatch(note -> note.contains("was not compared"));
    }

    @Test
    void streamThatTheTraceNeverAttachesIsRemarked() throws IOException {
        ReplayReport report = replay(olderThanTheTrace(row(0x100, 1) + row(0x18, 5)), Defect.NONE);
        assertThat(report.mismatches()).isEmpty();
        assertThat(report.notes()).anyMatch(note -> note.contains("1 leaves") && note.contains("stream 0x18"));
    }

    @Test
    void deviceThatLeftUnseenForAnIdentityDomainIsRemarked() throws IOException {
        Capture capture = olderThanTheTrace("");
        Path folder = capture.trace().getParent();
        Files.writeString(folder.resolve("iommu_groups.txt"), "group 0 type=identity devices: " + GPU + " \n");
        ReplayReport report = replay(Capture.of(folder), Defect.NONE);
        assertThat(report.mismatches()).isEmpty();
        assertThat(report.notes()).anyMatch(note -> note.contains("ended with an identity domain"));
    }

    @Test
    void expectationIsNotComparedWhenTheTraceLeavesEventsOpen() {
        Path capture = folder.resolve("open");
        assertThat(capture.toFile().mkdir()).isTrue();
        new TraceWriter()
                .attach(DISK)
                .attach(GPU)
                .map(0x1000, 0x40001000, 0x1000)
                .to(capture.resolve("trace.txt"));
        new TraceWriter()
                .line("sid,stage,ssid,iova,size,pa,perm,pte")
                .line("0x10,s1,0,0x1000,0x1000,0x40001000,rw,0x0")
                .to(capture.resolve("expected-mappings.csv"));
        ReplayReport report = replay(Capture.of(capture), Defect.NONE, Optional.empty());
        assertThat(report.passed()).isTrue();
        assertThat(report.ambiguousEvents()).isEqualTo(1);
        assertThat(report.notes()).anyMatch(note -> note.contains("was not compared"));
    }

    @Test
    void swapsAreReportedWithDmaMeanwhile() throws IOException {
        List<String> swapped = new ArrayList<>();
        Updates updates = target -> {
            swapped.add(target.service());
            return new SwapEvent(target.name(), "bundle", "1.0.0", "1.0.1", 5_000_000, 3, true, "equal");
        };
        ReplayReport report = replay(twoStreams(), Defect.NONE, Optional.of(updates));
        assertThat(report.mismatches()).isEmpty();
        assertThat(swapped)
                .containsExactly("org.sluice.spi.pgtable.PageTableFormat", "org.sluice.spi.driver.IommuDriver");
        assertThat(report.swaps()).hasSize(2).allSatisfy(swap -> {
            assertThat(swap.pauseMicros()).isEqualTo(5000);
            assertThat(swap.callsParked()).isEqualTo(3);
        });
        assertThat(report.swaps()).extracting(SwapReport::newVersion).containsOnly("1.0.1");
    }

    @Test
    void refusedOrFailedSwapIsAMismatch() throws IOException {
        Updates refusing =
                target -> new SwapEvent(target.name(), "bundle", "1", "2", 1, 1, false, "descriptors differ");
        assertThat(replay(twoStreams(), Defect.NONE, Optional.of(refusing)).mismatches())
                .extracting(Mismatch::found)
                .contains("refused: descriptors differ");
        Updates failing = target -> {
            throw new IommuException(Errno.ETIMEDOUT, "no end");
        };
        assertThat(replay(twoStreams(), Defect.NONE, Optional.of(failing)).mismatches())
                .hasSize(2);
    }

    @ParameterizedTest
    @EnumSource(names = {"STALE_TLB", "WRONG_PAGE", "SWAPPED_PASIDS"})
    void workersThatSeeWrongAnswersDuringASwapSaySo(Defect defect) throws IOException {
        Updates updates = target -> new SwapEvent(target.name(), "bundle", "1", "2", 1, 1, true, "equal");
        Capture capture = twoStreams();
        long without = replay(capture, defect, Optional.empty()).mismatchCount();
        assertThat(replay(capture, defect, Optional.of(updates)).mismatchCount())
                .isGreaterThan(without);
    }

    /** Whatever a trace says, a right platform is not blamed for it; lines may be lost, doubled, moved or broken. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void rightPlatformIsNeverBlamedForADamagedTrace(long seed) throws IOException {
        Random random = new Random(seed);
        String sample = random.nextBoolean() ? "passthrough-vfio/trace-domains.txt" : "passthrough-vfio/trace.txt";
        List<String> lines = new ArrayList<>(Files.readAllLines(Samples.of(sample)));
        for (int edits = 20; edits > 0; edits--) {
            int line = random.nextInt(lines.size());
            String text = lines.get(line);
            switch (random.nextInt(4)) {
                case 0 -> lines.remove(line);
                case 1 -> lines.add(random.nextInt(lines.size()), text);
                case 2 -> lines.add(random.nextInt(lines.size() - 1), lines.remove(line));
                default -> lines.set(line, broken(text, random));
            }
        }
        Files.write(folder.resolve("trace.txt"), lines);
        Files.copy(Samples.of("passthrough-vfio/iommu_groups.txt"), folder.resolve("iommu_groups.txt"));
        ReplayReport report = replay(Capture.of(folder), Defect.NONE, Optional.empty(), false);
        assertThat(report.mismatches()).as("seed %d", seed).isEmpty();
    }

    private static String broken(String text, Random random) {
        StringBuilder edited = new StringBuilder(text);
        if (!text.isEmpty()) {
            edited.setCharAt(random.nextInt(text.length()), "0123456789abcdef x".charAt(random.nextInt(18)));
        }
        return edited.toString();
    }

    /** A bypassed disk, and a GPU that moves once; its second domain has read-only and unmapped pages. */
    private Capture twoStreams() throws IOException {
        Path capture = Files.createDirectories(folder.resolve("capture"));
        new TraceWriter()
                .smmuAttach(A + 0x1000000, DISK)
                .smmuAttach(A, GPU)
                .smmuMap(A, 0x1000, 0x40001000, 1, 3)
                .smmuAttach(B, GPU)
                .smmuMap(B, 0x4000, 0x40014000, 3, 7)
                .smmuUnmap(B, 0x5000, 1)
                .smmuMap(B, 0x9000, 0x40019000, 2, 1)
                .line("  init-1 [000] ..... 9.5: tracing_mark_write: done")
                .to(capture.resolve("trace-domains.txt"));
        Files.writeString(capture.resolve("iommu_groups.txt"), "group 0 type=identity devices: " + DISK + " \n");
        return Capture.of(capture);
    }

    private ReplayReport replay(Capture capture, Defect defect) {
        return replay(capture, defect, Optional.empty());
    }

    private ReplayReport replay(Capture capture, Defect defect, Optional<Updates> updates) {
        return replay(capture, defect, updates, true);
    }

    private ReplayReport replay(Capture capture, Defect defect, Optional<Updates> updates, boolean strict) {
        TraceSurvey survey = TraceSurvey.of(capture.trace(), strict);
        TableForm form = TableForm.of(survey, capture.mappings());
        Map<String, Integer> streams = MachinePlan.of("board", survey, form, 4).streams();
        platform = new FakePlatform(streams, defect);
        ReplayRequest request = ReplayRequest.of(List.of(capture.trace()));
        return new CaptureReplay(capture, survey, form, platform, request, updates, ReplayProgress.none(), 200).run();
    }
}
