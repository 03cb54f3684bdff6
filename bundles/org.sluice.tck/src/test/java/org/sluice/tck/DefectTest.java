package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.pgtable.PageTableFormat;

/** The suite notices what it is for. */
class DefectTest {
    private static final String REPLICAS = "leafIsDirtyWhenAnyOfItsEntriesIs";

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void everyDefectFailsTheCaseThatIsForIt(Defect defect) {
        SuiteRun.Outcome outcome = SuiteRun.of(ToyTest.with(defect), new ResidentMemoryFactory(), defect.noticedBy());
        assertThat(outcome.failures())
                .as("failures of %s", defect.noticedBy())
                .extracting(SuiteRun.Failure::rule)
                .containsExactly(defect.noticedBy());
    }

    @Test
    void markInAReplicaThatIsOverlookedIsFound() {
        SuiteRun.Outcome outcome = SuiteRun.of(
                amd(new FirstEntryFormat(new AmdV1Test().underTest().format())), new ResidentMemoryFactory(), REPLICAS);
        assertThat(outcome.failures()).extracting(SuiteRun.Failure::rule).contains(REPLICAS);
    }

    @Test
    void growthThatIsKeptFromTheHostIsFound() {
        String rule = "firstAndLastLeafOfTheAddressSpaceTranslate";
        SuiteRun.Outcome outcome = SuiteRun.of(
                amd(new SilentGrowthFormat(new AmdV1Test().underTest().format())), new ResidentMemoryFactory(), rule);
        assertThat(outcome.failures()).extracting(SuiteRun.Failure::rule).contains(rule);
    }

    /** A format in place of AMD_V1, with what that declares. */
    private static FormatUnderTest amd(PageTableFormat instead) {
        FormatUnderTest amd = new AmdV1Test().underTest();
        return FormatUnderTest.of(instead, amd.configs())
                .withUnmapRule(amd.unmapRule())
                .withProtections(amd.protections())
                .withTables(amd.tableSpans(), amd.descriptorBytes())
                .withDirtyMarks(amd.abilities().dirty());
    }

    @ParameterizedTest
    @EnumSource(names = {"UNMAP_COUNTS_HOLES", "MAPPED_IS_ALWAYS_ZERO"})
    void randomSequenceThatFailsIsShortAndNamesItsSeed(Defect defect) {
        SuiteRun.Outcome outcome =
                SuiteRun.of(ToyTest.with(defect), new ResidentMemoryFactory(), "anySequenceDoesWhatASortedMapDoes");
        String message = outcome.failures().get(0).cause().getMessage();
        assertThat(message).contains("-D" + SequenceCases.SEED + "=");
        assertThat(message.lines().filter(line -> line.contains("map(")).count())
                .isBetween(1L, 3L);
    }
}
