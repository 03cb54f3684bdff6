package org.sluice.tck.driver;

import java.util.function.LongUnaryOperator;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;

/**
 * What the driver is told about the SMMU: less than it can do, never more, so that the driver takes its other ways on the
 * same hardware.
 *
 * @param idr0 edits IDR0
 * @param idr1 edits IDR1
 * @param idr3 edits IDR3
 */
record Identity(LongUnaryOperator idr0, LongUnaryOperator idr1, LongUnaryOperator idr3) {
    private static final LongUnaryOperator KEEP = LongUnaryOperator.identity();

    /** As it is. */
    static final Identity WHOLE = new Identity(KEEP, KEEP, KEEP);

    /** Stream tables of one level, for fewer streams, so that they stay small. */
    static final Identity LINEAR = new Identity(
            value -> Idr0.withStLevel(value, Idr0.ST_LEVEL_LINEAR), value -> Idr1.withSidsize(value, 11), KEEP);

    /** Invalidations of one page each. */
    static final Identity WITHOUT_RANGES = new Identity(KEEP, KEEP, value -> Idr3.withRil(value, 0));

    /** A command queue of few entries. */
    static Identity commandQueue(int log2) {
        return new Identity(KEEP, value -> Idr1.withCmdqs(value, log2), KEEP);
    }

    /** An event queue of few entries. */
    static Identity eventQueue(int log2) {
        return new Identity(KEEP, value -> Idr1.withEventqs(value, log2), KEEP);
    }
}
