package org.sluice.pgtable.radix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Fills long runs of pages at the speed of vector code, which the compiler makes of an addition in place and of a copy, but not
 * of a sequence. So the last run is kept aside, moved to where the next one begins by one addition, and copied: an entry
 * in a table is stored once and never read back, whatever other threads do there.
 *
 * <p>Any thread may call it. Who comes while another one has the run does without it.
 */
final class RampFill {
    /** Entries that are kept: a table of the 4K granule. */
    static final int KEPT = 512;

    /** A shorter run is filled faster as it is. */
    private static final int SHORTEST = KEPT / 2;

    private static final VarHandle SPARE;

    static {
        try {
            SPARE = MethodHandles.lookup().findVarHandle(RampFill.class, "spare", long[].class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final long step;
    /** Entries that ascend by the step; null before the first run, and while somebody has them. */
    private long[] spare;

    private boolean made;

    RampFill(long step) {
        this.step = step;
    }

    /** Writes descriptors that ascend by a step. */
    void fill(long[] words, int from, int to, long first, long by) {
        long[] run = by == step && to - from >= SHORTEST ? take() : null;
        if (run == null) {
            EntryRun.fill(words, from, to, first, by);
            return;
        }
        long begin = first;
        for (int at = from; at < to; at += KEPT) {
            add(run, begin - run[0]);
            System.arraycopy(run, 0, words, at, Math.min(KEPT, to - at));
            begin += KEPT * step;
        }
        SPARE.setRelease(this, run);
    }

    private long[] take() {
        long[] run = (long[]) SPARE.getAndSetAcquire(this, (long[]) null);
        if (run == null && !made) {
            made = true; // two threads may both: the one that gives it back last is kept
            run = new long[KEPT];
            EntryRun.fill(run, 0, KEPT, 0, step);
        }
        return run;
    }

    private static void add(long[] run, long delta) {
        for (int i = 0; i < run.length; i++) {
            run[i] += delta;
        }
    }
}
