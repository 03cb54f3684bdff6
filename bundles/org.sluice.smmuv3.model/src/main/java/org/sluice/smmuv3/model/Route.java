package org.sluice.smmuv3.model;

/** Where the configuration sends a transaction of one StreamID and SubstreamID. Immutable. */
sealed interface Route
        permits Route.Aborted, Route.Bypassed, Route.Translated, Route.Refused, Route.Unreachable, StreamPolicy {
    /** STE.Config 0xx: aborted, no event. */
    record Aborted() implements Route {}

    /**
     * Config 100, or S1DSS=1 without SubstreamID: the input address is the output address.
     *
     * @param overrides what becomes of the device's attributes
     */
    record Bypassed(AttributeOverrides overrides) implements Route {}

    /** Through stage 1, stage 2 or both. */
    final class Translated implements Route {
        private final StreamContext context;
        private final Stage2Context stage2;
        private final int vmid;
        private final AttributeOverrides overrides;
        private final long lowTag;
        private final long highTag;

        /**
         * A route.
         *
         * @param context stage 1, or null
         * @param stage2 stage 2, or null
         * @param vmid tag of TLB entries, of stage 1 too; 0 where there is no stage 2
         * @param overrides what becomes of the device's attributes
         */
        Translated(StreamContext context, Stage2Context stage2, int vmid, AttributeOverrides overrides) {
            this.context = context;
            this.stage2 = stage2;
            this.vmid = vmid;
            this.overrides = overrides;
            lowTag = context == null ? 0 : tag(context, context.low, vmid);
            highTag = context == null ? 0 : tag(context, context.high, vmid);
        }

        private static long tag(StreamContext context, InputRange range, int vmid) {
            return range == null ? 0 : TlbTag.of(context.regime, vmid, context.asid, range.granule());
        }

        StreamContext context() {
            return context;
        }

        Stage2Context stage2() {
            return stage2;
        }

        int vmid() {
            return vmid;
        }

        AttributeOverrides overrides() {
            return overrides;
        }

        /** The {@link Attributes} of an outcome, which a translation left in a slot. */
        int attributes(long[] slot) {
            int found = (int) slot[TransactionSlots.ATTRIBUTES];
            if (context != null) {
                return Attributes.normalize(found);
            }
            return intermediateAttributes(slot);
        }

        /** The same of an outcome of stage 2 alone. */
        int intermediateAttributes(long[] slot) {
            return Attributes.combine(overrides.attributes(), (int) slot[TransactionSlots.ATTRIBUTES], stage2.forced());
        }

        /** The tag of the non-global TLB entries of a half of stage 1. */
        long tag(InputRange range) {
            return range == context.low ? lowTag : highTag;
        }
    }

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
}
