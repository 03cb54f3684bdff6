package org.sluice.board.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.Translation;

/** What the comparison must never let pass. */
class DepartureTest {
    /** AF, unprivileged access, nG: a page that all may write. */
    private static final long PAGE = 0x4800_0c43L;

    private static final Observation NOTHING = new Observation(Dma.ABORT, 0, List.of());

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void otherDataIsADifference(boolean old) {
        assertNotExplained(
                evidence(old, false, "", new Observation(0, 1, List.of()), new Observation(0, 2, List.of())));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void translationThatTheModelKeptTooLongIsADifference(boolean old) {
        assertNotExplained(
                evidence(old, false, "", fault(EventId.F_TRANSLATION, 0), new Observation(Dma.OK, 5, List.of())));
        assertNotExplained(evidence(old, true, "", fault(EventId.F_PERMISSION, 0), new Observation(0, 0, List.of())));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void translationThatTheModelLostIsADifference(boolean old) {
        Observation completed = new Observation(Dma.OK, 5, List.of());
        assertNotExplained(evidence(old, false, "F_TRANSLATION", completed, fault(EventId.F_TRANSLATION, 2)));
        assertNotExplained(evidence(old, false, "F_PERMISSION", completed, fault(EventId.F_PERMISSION, 2)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void recordThatOnlyOneHasIsADifference(boolean old) {
        assertNotExplained(evidence(old, false, "F_TRANSLATION", NOTHING, fault(EventId.F_TRANSLATION, 2)));
        assertNotExplained(evidence(old, false, "F_TRANSLATION", fault(EventId.F_TRANSLATION, 0), NOTHING));
    }

    @Test
    void classIsForgivenToTheOldOnly() {
        Observation without = fault(EventId.F_TRANSLATION, 0);
        Observation with = fault(EventId.F_TRANSLATION, 2);
        assertThat(Departure.CLASS_OF_LEAF_FAULTS.explains(evidence(true, false, "F_TRANSLATION", without, with)))
                .isTrue();
        assertNotExplained(evidence(false, false, "F_TRANSLATION", without, with));
        assertNotExplained(evidence(true, false, "F_TRANSLATION", with, without));
    }

    private static Observation fault(long event, long clazz) {
        return new Observation(Dma.ABORT, 0, List.of(new long[] {event | 0x10L << 32, clazz << 40, 0x1000, 0}));
    }

    private static Evidence evidence(boolean old, boolean write, String verdict, Observation qemu, Observation model) {
        Translation translation = new Translation(
                verdict.isEmpty() ? Translation.Outcome.TRANSLATED : Translation.Outcome.FAULTED, 0, 0, verdict);
        Explanation why = new Explanation(0x10, Dma.NO_PASID, 0x1000, 0, translation, null, List.of());
        return new Evidence(old, true, false, false, write, List.of(PAGE), qemu, model, why);
    }

    private static void assertNotExplained(Evidence evidence) {
        assertThat(evidence.agrees()).isFalse();
        assertThat(Departure.values()).noneMatch(departure -> departure.explains(evidence));
    }
}
