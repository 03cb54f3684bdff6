package org.sluice.trace.internal.books;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sluice.trace.Ambiguity;
import org.sluice.trace.internal.LongRanges;
import org.sluice.trace.internal.TraceWriter;
import org.sluice.trace.internal.capture.DefaultDomains;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.text.TraceReader;

class TraceInterpreterTest {
    private static final String DISK = "0000:00:02.0";
    private static final String NIC = "0000:00:03.0";
    private static final DefaultDomains TRANSLATING = new DefaultDomains(true, false, Set.of());
    private static final DefaultDomains DISK_BYPASSED = new DefaultDomains(true, false, Set.of(DISK));
    private static final long A = 0xffff000000001098L;
    private static final long B = 0xffff000000002098L;

    @TempDir
    Path folder;

    private final RecordingSink sink = new RecordingSink();

    @Test
    void unnamedEventBelongsToTheOnlyTranslatingDomain() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .attach(DISK)
                        .attach(NIC)
                        .map(0x1000, 0x40001000, 0x2000)
                        .unmap(0x1000, 0x1000),
                DISK_BYPASSED);
        assertThat(sink.steps)
                .containsExactly(
                        "attach 0000:00:02.0 identity",
                        "attach 0000:00:03.0",
                        "map 1000 40001000 2000 3 to [0000:00:03.0]",
                        "unmap 1000 1000 of 1000 from [0000:00:03.0]");
        assertThat(books.ambiguities().count()).isZero();
        assertThat(books.totals().withoutProt()).isEqualTo(1);
    }

    @Test
    void unnamedEventWithTwoDomainsIsCountedAndLeftOut() {
        TraceInterpreter books =
                run(new TraceWriter().attach(DISK).attach(NIC).map(0x1000, 0x40001000, 0x1000), TRANSLATING);
        assertThat(sink.steps).hasSize(2).allMatch(step -> step.startsWith("attach"));
        assertThat(books.ambiguities().of("c")).singleElement().satisfies(open -> {
            assertThat(open.events()).isEqualTo(1);
            assertThat(open.firstLine()).isEqualTo(3);
            assertThat(open.explanation()).contains("several translating domains", "left out");
        });
    }

    @Test
    void mapCannotBelongToADomainWhereTheIovaIsLive() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .attach(DISK)
                        .map(0x1000, 0x40001000, 0x1000)
                        .attach(NIC)
                        .map(0x1000, 0x40002000, 0x1000),
                TRANSLATING);
        assertThat(sink.steps).last().isEqualTo("map 1000 40002000 1000 3 to [0000:00:03.0]");
        assertThat(books.ambiguities().count()).isZero();
    }

    @Test
    void unmapBelongsToTheOnlyDomainWhereTheIovaIsLive() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .attach(DISK)
                        .map(0x1000, 0x40001000, 0x1000)
                        .attach(NIC)
                        .unmap(0x1000, 0x1000),
                TRANSLATING);
        assertThat(sink.steps).last().isEqualTo("unmap 1000 1000 of 1000 from [0000:00:02.0]");
        assertThat(books.ambiguities().count()).isZero();
    }

    @Test
    void iovaOfAnUndecidedEventStaysUndecided() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .attach(DISK)
                        .map(0x1000, 0x40001000, 0x1000)
                        .map(0x2000, 0x40002000, 0x1000)
                        .attach(NIC)
                        .map(0x3000, 0x40003000, 0x1000)
                        .unmap(0x3000, 0x1000)
                        .map(0x2000, 0x40004000, 0x1000)
                        .unmap(0x2000, 0x1000),
                TRANSLATING);
        // 0x3000 could be either's, twice; 0x2000 must be the NIC's; its unmap could be either's
        assertThat(sink.steps).last().isEqualTo("map 2000 40004000 1000 3 to [0000:00:03.0]");
        assertThat(books.ambiguities().count()).isEqualTo(3);
    }

    @Test
    void nothingIsInferredAmongDomainsAfterLostEvents() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .attach(DISK)
                        .map(0x1000, 0x40001000, 0x1000)
                        .attach(NIC)
                        .line("CPU:0 [LOST 5 EVENTS]")
                        .unmap(0x1000, 0x1000),
                TRANSLATING);
        assertThat(books.ambiguities().count()).isEqualTo(1);
    }

    @Test
    void devicesOfOneGroupShareTheirFirstDomain() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .join(DISK, 4)
                        .attach(DISK)
                        .join(NIC, 4)
                        .attach(NIC)
                        .map(0x1000, 0x40001000, 0x1000),
                TRANSLATING);
        assertThat(sink.steps).last().isEqualTo("map 1000 40001000 1000 3 to [0000:00:02.0, 0000:00:03.0]");
        assertThat(books.ambiguities().count()).isZero();
    }

    @Test
    void moveToAnUnnamedDomainIsOpenOnceMappingsAreKnown() {
        TraceInterpreter empty = run(new TraceWriter().attach(DISK).attach(DISK), TRANSLATING);
        assertThat(empty.ambiguities().count()).isZero();
        TraceInterpreter mapped = run(
                new TraceWriter().attach(DISK).map(0x1000, 0x40001000, 0x1000).attach(DISK), TRANSLATING);
        assertThat(mapped.ambiguities().of("c"))
                .extracting(Ambiguity::explanation)
                .singleElement()
                .asString()
                .contains("replayed as a new, empty one");
    }

    @Test
    void namedDomainThatLosesItsLastDeviceForGoodIsDestroyedWithItsMappings() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .smmuAttach(A, DISK)
                        .smmuMap(A, 0x1000, 0x40001000, 2, 3)
                        .smmuAttach(B, DISK)
                        .smmuMap(B, 0x5000, 0x40005000, 1, 1),
                TRANSLATING);
        assertThat(sink.steps)
                .containsExactly(
                        "attach 0000:00:02.0",
                        "map 1000 40001000 2000 3 to [0000:00:02.0]",
                        "attach 0000:00:02.0",
                        "destroy with 2",
                        "map 5000 40005000 1000 1 to [0000:00:02.0]");
        assertThat(books.domains()).extracting(TracedDomain::pointer).containsExactly(B);
    }

    @Test
    void whatADeviceReachedInADomainThatItLeftIsUnreachable() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .smmuAttach(A, DISK)
                        .smmuMap(A, 0x1000, 0x40001000, 4, 3)
                        .smmuUnmap(A, 0x4000, 1)
                        .smmuAttach(B, DISK)
                        .smmuMap(B, 0x2000, 0x40005000, 1, 1),
                TRANSLATING);
        LongRanges unreachable = books.unreachable(DISK);
        assertThat(unreachable.size()).isEqualTo(3 * 0x1000);
        assertThat(unreachable.overlaps(0x2000, 0x1000)).isFalse();
    }

    @Test
    void namedDomainThatIsSeenAgainIsKept() {
        run(
                new TraceWriter()
                        .smmuAttach(A, DISK)
                        .smmuMap(A, 0x1000, 0x40001000, 1, 3)
                        .smmuAttach(B, DISK)
                        .smmuAttach(A, DISK)
                        .smmuUnmap(A, 0x1000, 1),
                TRANSLATING);
        // B is gone, A is the group's default domain and came back with what it had
        assertThat(sink.steps).containsSubsequence("destroy with 0", "unmap 1000 1000 of 1000 from [0000:00:02.0]");
    }

    @Test
    void pointerThatComesBackWithMappingsMayBeAnotherDomain() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .smmuAttach(A, DISK)
                        .smmuAttach(B, DISK)
                        .smmuMap(B, 0x1000, 0x40001000, 1, 3)
                        .smmuAttach(A, DISK)
                        .smmuAttach(B, DISK),
                TRANSLATING);
        assertThat(books.ambiguities().count()).isEqualTo(1);
    }

    @Test
    void mapOverALiveIovaIsCountedAndReplacesIt() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .smmuAttach(A, DISK)
                        .smmuMap(A, 0x1000, 0x40001000, 4, 3)
                        .smmuMap(A, 0x2000, 0x40009000, 1, 1),
                TRANSLATING);
        assertThat(sink.steps)
                .endsWith("unmap 2000 1000 of 1000 from [0000:00:02.0]", "map 2000 40009000 1000 1 to [0000:00:02.0]");
        assertThat(books.ambiguities().count()).isEqualTo(1);
    }

    @Test
    void domainThatIsMappedIsNoIdentity() {
        run(new TraceWriter().smmuAttach(A, DISK).smmuMap(A, 0x1000, 0x40001000, 1, 3), DISK_BYPASSED);
        assertThat(sink.steps).first().isEqualTo("attach 0000:00:02.0");
    }

    @Test
    void secondDomainOfABypassedDeviceTranslates() {
        run(new TraceWriter().smmuAttach(A, DISK).smmuAttach(B, DISK), DISK_BYPASSED);
        assertThat(sink.steps).containsExactly("attach 0000:00:02.0 identity", "attach 0000:00:02.0", "destroy with 0");
    }

    @Test
    void tracepointsBesideProbesAreNotReplayedTwice() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .smmuAttach(A, DISK)
                        .attach(DISK)
                        .smmuMap(A, 0x1000, 0x40001000, 1, 3)
                        .map(0x1000, 0x40001000, 0x1000),
                TRANSLATING);
        assertThat(sink.steps).hasSize(2);
        assertThat(books.ambiguities().count()).isZero();
    }

    @Test
    void unmapOverAHoleStopsThere() {
        TraceInterpreter books = run(
                new TraceWriter()
                        .smmuAttach(A, DISK)
                        .smmuMap(A, 0x1000, 0x40001000, 1, 3)
                        .smmuMap(A, 0x3000, 0x40003000, 1, 3)
                        .smmuUnmap(A, 0x1000, 3),
                TRANSLATING);
        assertThat(sink.steps).last().isEqualTo("unmap 1000 1000 of 3000 from [0000:00:02.0]");
        assertThat(books.totals().unmapsOfHoles()).isEqualTo(1);
    }

    private TraceInterpreter run(TraceWriter trace, DefaultDomains defaults) {
        sink.steps.clear();
        Path file = trace.to(folder.resolve("trace.txt"));
        TraceInterpreter interpreter =
                new TraceInterpreter(TraceSurvey.of(file, true), defaults, TableForm.USUAL, sink);
        TraceReader.read(file, interpreter);
        return interpreter;
    }
}
