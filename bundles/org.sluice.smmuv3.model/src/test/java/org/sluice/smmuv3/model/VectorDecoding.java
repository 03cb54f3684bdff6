package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.board.Dma;

/**
 * Vectors of STEs and CDs that need a feature which the model decodes but does not announce: the decoder alone is asked
 * whether the structure is legal.
 */
final class VectorDecoding {
    private VectorDecoding() {}

    static boolean decides(Vector vector) {
        return vector.kind().equals("STE") || vector.kind().equals("CD");
    }

    static void check(Vector vector) {
        Identity id = VectorIdentity.identity(vector);
        boolean stream = vector.kind().equals("STE");
        boolean illegal = stream
                ? StreamConfig.decode(vector.input(), id, true, false) instanceof StreamConfig.Illegal
                : StreamContext.decode(vector.input(), id, true, Regime.EL1) == null;
        String error = stream ? "C_BAD_STE" : "C_BAD_CD";
        assertThat(illegal).as(vector.expected()).isEqualTo(vector.expected().startsWith(error));
        if (illegal) {
            int substream = vector.stimulus("ssv", 0) != 0 ? (int) vector.stimulus("ssid", 0) : Dma.NO_PASID;
            EventRecord event =
                    EventRecord.configuration(stream ? EventId.C_BAD_STE : EventId.C_BAD_CD, Smmu.SID, substream, 0);
            assertThat(new long[] {event.word0(), event.word1(), event.word2(), event.word3()})
                    .containsExactly(vector.event());
        }
    }
}
