package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.StreamTableEntry;

/**
 * Vectors of STEs and CDs that need a feature which the model decodes but does not announce: the decoder alone is asked
 * whether the structure is legal.
 */
final class VectorDecoding {
    private VectorDecoding() {}

    /** Not where the structure itself chooses AArch32 or another endianness: those the decoder does not know as legal. */
    static boolean decides(Vector vector) {
        long[] input = vector.input();
        return switch (vector.kind()) {
            case "STE" ->
                StreamTableEntry.config(input[0]) <= StreamTableEntry.CONFIG_S1_TRANSLATE
                        || StreamTableEntry.s2aa64(input[2]) != 0 && StreamTableEntry.s2endi(input[2]) == 0;
            case "CD" -> ContextDescriptor.aa64(input[0]) != 0 && ContextDescriptor.endi(input[0]) == 0;
            default -> false;
        };
    }

    static void check(Vector vector) {
        Identity id = VectorIdentity.identity(vector);
        boolean stream = vector.kind().equals("STE");
        boolean illegal = stream
                ? StreamConfig.decode(vector.input(), id, false) instanceof StreamConfig.Illegal
                : StreamContext.decode(vector.input(), id, true, Regime.EL1) == null;
        int error = stream ? EventId.C_BAD_STE : EventId.C_BAD_CD;
        assertThat(illegal).as(vector.expected()).isEqualTo(vector.expected().contains(EventId.name(error)));
        if (illegal && vector.event().length != 0) {
            EventRecord event = EventRecord.configuration(error, Smmu.SID, VectorStream.substream(vector), 0);
            assertThat(new long[] {event.word0(), event.word1(), event.word2(), event.word3()})
                    .containsExactly(vector.event());
        }
    }
}
