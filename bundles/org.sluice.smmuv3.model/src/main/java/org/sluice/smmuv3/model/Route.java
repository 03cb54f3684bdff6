package org.sluice.smmuv3.model;

/** Where the configuration sends a transaction of one StreamID and SubstreamID. Immutable. */
sealed interface Route
        permits Route.Aborted, Route.Bypassed, Route.Translated, Route.Refused, Route.Unreachable, StreamPolicy {
    /** STE.Config 0xx: aborted, no event. */
    record Aborted() implements Route {}

    /** Config 100, or S1DSS=1 without SubstreamID: the input address is the output address. */
    record Bypassed() implements Route {}

    /**
     * Through stage 1, stage 2 or both.
     *
     * @param context stage 1, or null
     * @param stage2 stage 2, or null
     * @param vmid tag of TLB entries, of stage 1 too; 0 where there is no stage 2
     */
    record Translated(StreamContext context, Stage2Context stage2, int vmid) implements Route {}

    /**
     * Stage 2 does not let the SMMU fetch the CD: a fault of stage 2, and not cached.
     *
     * @param fault as of {@link Leaf}
     */
    record Unreachable(Stage2Context stage2, long fault) implements Route {}

    /**
     * A configuration error: aborted with an event, and not cached.
     *
     * @param event event number
     * @param fetchAddress physical address whose read aborted, for F_STE_FETCH and F_CD_FETCH
     */
    record Refused(int event, long fetchAddress) implements Route {}

    /** The only abort. */
    Route ABORTED = new Aborted();

    /** The only bypass. */
    Route BYPASSED = new Bypassed();
}
