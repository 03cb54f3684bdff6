package org.sluice.smmuv3.driver;

/** How this driver learns that a CMD_SYNC is complete. */
enum Completion {
    /**
     * The SMMU overwrites the command with zero, so that nobody reads a register to wait. An SMMU that writes 64 bits where 32
     * are asked for (Hi16xx) does no harm: the other half of the word is zero as it is.
     */
    MESSAGE,
    /** The consumer index moves, and a CPU that sleeps until an event is woken. A Java thread cannot sleep that way: it polls. */
    EVENT,
    /** The consumer index moves. */
    POLL;

    /** The best way that an SMMU offers. */
    static Completion of(Features features) {
        if (features.has(Feature.MESSAGES)) {
            return MESSAGE;
        }
        return features.has(Feature.WAKE_EVENTS) ? EVENT : POLL;
    }
}
