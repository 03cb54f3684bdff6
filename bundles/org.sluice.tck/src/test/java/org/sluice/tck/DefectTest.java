package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

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
