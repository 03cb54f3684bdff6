package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.spi.board.Dma;

/** A vector whose access does not complete as asked: what the device hears, and the event word by word. */
final class VectorOutcome {
    private VectorOutcome() {}

    /** Whether an event, or an access that ends without one, is expected. */
    static boolean isFault(Vector vector) {
        return vector.event().length != 0
                || !vector.expectedEvents().isEmpty()
                || vector.says(Phrase.HIDDEN)
                || vector.expected().matches("(?i)(abort|silent|no event|terminat).*")
                || vector.expected().contains("ABORT");
    }

    static void check(Vector vector, Smmu smmu, int outcome) {
        assertThat(outcome).isEqualTo(vector.says(Phrase.HIDDEN) ? Dma.RAZ_WI : Dma.ABORT);
        List<long[]> events = smmu.events();
        if (vector.event().length != 0) {
            assertThat(events).hasSize(1);
            long[] event = events.get(0);
            if (vector.says(Phrase.STALLED)) {
                event[1] &= ~EvtFTranslation.STAG_MASK;
            }
            assertThat(event).containsExactly(vector.event());
            return;
        }
        boolean recorded = !vector.expectedEvents().isEmpty() && !vector.says(Phrase.NO_EVENT);
        List<String> names = events.stream()
                .map(event -> EventId.name((int) event[0] & 0xff))
                .toList();
        assertThat(names).isEqualTo(recorded ? vector.expectedEvents() : List.of());
    }
}
