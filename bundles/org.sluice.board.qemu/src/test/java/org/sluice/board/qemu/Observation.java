package org.sluice.board.qemu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.sluice.smmuv3.arch.EventHeader;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.spi.board.Dma;

/**
 * What came of a DMA.
 *
 * @param outcome of the transfer
 * @param data what a read that completed brought, else 0
 * @param events the records that were added, four words each
 */
record Observation(int outcome, int data, List<long[]> events) {
    boolean completed() {
        return outcome == Dma.OK;
    }

    /** Number of the one event that was recorded; 0 for none, -1 for several. */
    int event() {
        return events.isEmpty() ? 0 : events.size() > 1 ? -1 : (int) EventHeader.eventID(events.get(0)[0]);
    }

    /** Whether the one event that was recorded is of stage 2. */
    boolean isOfStage2() {
        return events.size() == 1 && EvtFTranslation.s2(record()[1]) != 0;
    }

    long[] record() {
        return events.get(0);
    }

    /** Whether all is the same, of the second and the fourth word of a record only some bits. */
    boolean equalsIn(Observation other, long secondWord, long fourthWord) {
        if (outcome != other.outcome || data != other.data || events.size() != other.events.size()) {
            return false;
        }
        for (int i = 0; i < events.size(); i++) {
            long[] mine = events.get(i).clone();
            long[] others = other.events.get(i).clone();
            mine[1] &= secondWord;
            others[1] &= secondWord;
            mine[3] &= fourthWord;
            others[3] &= fourthWord;
            if (!Arrays.equals(mine, others)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        List<String> texts = new ArrayList<>();
        for (long[] event : events) {
            texts.add(EventId.name((int) EventHeader.eventID(event[0]))
                    + Arrays.stream(event)
                            .mapToObj(word -> String.format(" %016x", word))
                            .toList());
        }
        return (completed() ? String.format("completed, data %08x", data) : "aborted") + ", events " + texts;
    }
}
