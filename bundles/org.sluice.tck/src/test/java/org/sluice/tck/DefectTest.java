package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sluice.memory.ResidentMemoryFactory;

/** The suite notices what it is for. */
class DefectTest {
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
        FormatUnderTest amd = new AmdV1Test().underTest();
        FormatUnderTest overlooking = FormatUnderTest.of(new FirstEntryFormat(amd.format()), amd.configs())
                .withUnmapRule(amd.unmapRule())
                .withProtections(amd.protections())
                .withTables(amd.tableSpans(), amd.descriptorBytes())
                .withDirtyMarks(amd.abilities().dirty());
        String rule = "leafIsDirtyWhenAnyOfItsEntriesIs";
        SuiteRun.Outcome outcome = SuiteRun.of(overlooking, new ResidentMemoryFactory(), rule);
        assertThat(outcome.failures()).extracting(SuiteRun.Failure::rule).contains(rule);
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
