package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.EventId;

/**
 * What becomes of a transaction that faulted: CD.S, A and R decide for faults of stage 1, STE.S2S and S2R for those of stage 2,
 * but only for the four faults of a translation; an external abort of a walk and a conflict are always recorded and
 * abort.
 */
enum FaultPolicy {
    /** Recorded, waits for software's answer. */
    STALL(true, true, "S: it is recorded, and the transaction waits for software"),
    /** Recorded, aborts. */
    RECORD_AND_ABORT(true, true, "it is recorded, and the transaction aborts"),
    /** Aborts without a word. */
    ABORT(false, true, "R is 0: the transaction aborts without an event"),
    /** Recorded; reads as zero, writes are ignored. */
    RECORD_AND_HIDE(true, false, "A is 0: it is recorded; reads are zero, writes are ignored"),
    /** Reads as zero, writes are ignored, nobody is told. */
    HIDE(false, false, "A and R are 0: reads are zero, writes are ignored, without an event");

    private final boolean records;
    private final boolean aborts;
    private final String description;

    FaultPolicy(boolean records, boolean aborts, String description) {
        this.records = records;
        this.aborts = aborts;
        this.description = description;
    }

    /** For whoever wants it explained. */
    String describe() {
        return description;
    }

    boolean records() {
        return records;
    }

    boolean aborts() {
        return aborts;
    }

    /**
     * Decides.
     *
     * @param context stage 1, or null where it is off
     * @param stage2 stage 2, or null where it is off
     */
    static FaultPolicy of(long fault, StreamContext context, Stage2Context stage2) {
        boolean governed = Leaf.event(fault) >= EventId.F_TRANSLATION && Leaf.event(fault) <= EventId.F_PERMISSION;
        if (governed && Leaf.isStage2Fault(fault)) {
            if (stage2.stalls()) {
                return STALL;
            }
            return stage2.records() ? RECORD_AND_ABORT : ABORT;
        }
        if (!governed || context == null) {
            return RECORD_AND_ABORT;
        }
        if (context.stalls) {
            return STALL;
        }
        if (context.aborts) {
            return context.records ? RECORD_AND_ABORT : ABORT;
        }
        return context.records ? RECORD_AND_HIDE : HIDE;
    }
}
