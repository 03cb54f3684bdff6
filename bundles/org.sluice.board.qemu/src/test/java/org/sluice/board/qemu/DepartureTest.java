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

    @Test
    void anIpaMayHaveTheOffsetOfTheAddressAndNoOther() {
        Observation page = new Observation(Dma.ABORT, 0, List.of(new long[] {0x10_0000_0010L, 0, 0x1234, 0x1000}));
        Observation whole = new Observation(Dma.ABORT, 0, List.of(new long[] {0x10_0000_0010L, 0, 0x1234, 0x1234}));
        Observation other = new Observation(Dma.ABORT, 0, List.of(new long[] {0x10_0000_0010L, 0, 0x1234, 0x1238}));
        Explanation why = explanation("F_TRANSLATION", 0x1234);
        assertThat(Departure.OFFSET_OF_IPA.explains(stage2(whole, page, why))).isTrue();
        assertThat(Departure.values()).noneMatch(each -> each.explains(stage2(other, page, why)));
    }

    private static Evidence stage2(Observation qemu, Observation model, Explanation why) {
        return new Evidence(false, true, false, false, false, false, false, false, List.of(PAGE), qemu, model, why);
    }

    private static Explanation explanation(String verdict, long iova) {
        Translation translation = new Translation(
                verdict.isEmpty() ? Translation.Outcome.TRANSLATED : Translation.Outcome.FAULTED, 0, 0, verdict);
        return new Explanation(0x10, Dma.NO_PASID, iova, 0, translation, null, List.of());
    }

    private static Observation fault(long event, long clazz) {
        return new Observation(Dma.ABORT, 0, List.of(new long[] {event | 0x10L << 32, clazz << 40, 0x1000, 0}));
    }

    private static Evidence evidence(boolean old, boolean write, String verdict, Observation qemu, Observation model) {
        Explanation why = explanation(verdict, 0x1000);
        return new Evidence(old, false, false, false, true, false, false, write, List.of(PAGE), qemu, model, why);
    }

    private static void assertNotExplained(Evidence evidence) {
        assertThat(evidence.agrees()).isFalse();
        assertThat(Departure.values()).noneMatch(departure -> departure.explains(evidence));
    }
}
