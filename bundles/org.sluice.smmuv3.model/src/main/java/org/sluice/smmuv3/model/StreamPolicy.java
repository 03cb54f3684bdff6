package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.StreamTableEntry;

/**
 * What an STE says of a stream beside how it is translated. Cached with the routes of the stream, as one of them. Immutable.
 *
 * @param aborts Config 0xx
 * @param ats effective EATS: NONE where there is nothing to translate, and for a reserved value
 * @param stage2 stage 2, or null
 * @param overrides what becomes of the device's attributes
 * @param pasidInResponse PPAR: an automatic answer to a page request has its PASID
 * @param merges MEV: events may be merged
 */
record StreamPolicy(
        boolean aborts,
        Ats ats,
        Stage2Context stage2,
        AttributeOverrides overrides,
        boolean pasidInResponse,
        boolean merges)
        implements Route {
    /** What translation requests of a stream are answered with. */
    enum Ats {
        /** ATS is off. */
        NONE,
        /** Physical addresses, with which the SMMU has nothing more to do. */
        FULL,
        /** Intermediate addresses, which go through stage 2 when they are used. */
        SPLIT_STAGE
    }

    /**
     * Decodes a legal entry.
     *
     * @param atsChecked CR0.ATSCHK, without which split-stage ATS is off
     */
    static StreamPolicy of(long[] ste, StreamConfig config, Identity id, boolean atsChecked) {
        Stage2Context stage2 = config instanceof StreamConfig.Translating translating ? translating.stage2() : null;
        long word1 = ste[StreamTableEntry.EATS_WORD];
        return new StreamPolicy(
                config instanceof StreamConfig.Aborting,
                config instanceof StreamConfig.Translating && id.ats() ? ats(word1, atsChecked) : Ats.NONE,
                stage2,
                AttributeOverrides.ofStream(word1, id),
                StreamTableEntry.ppar(word1) != 0,
                StreamTableEntry.mev(word1) != 0);
    }

    private static Ats ats(long word1, boolean atsChecked) {
        long eats = StreamTableEntry.eats(word1);
        if (eats == StreamTableEntry.EATS_FULL) {
            return Ats.FULL;
        }
        return eats == StreamTableEntry.EATS_SPLIT_STAGE && atsChecked ? Ats.SPLIT_STAGE : Ats.NONE;
    }
}
