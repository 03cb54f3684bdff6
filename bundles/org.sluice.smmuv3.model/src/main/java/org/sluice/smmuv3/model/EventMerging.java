package org.sluice.smmuv3.model;

import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Merges an event into an identical record that software has not taken out of the queue yet, where STE.MEV lets it (IHI
 * 0070 section 7.3.1). A record of a stalled transaction is never merged, and one whose stream has no valid STE is not
 * either, though it may be. Guarded by the {@link EventQueue}.
 */
final class EventMerging {
    private static final int REMEMBERED = 16;

    private final IntPredicate permitted;
    // the last records that were written, by their number; null for one that nothing merges into
    private final EventRecord[] records = new EventRecord[REMEMBERED];
    private long written;
    private long producer;

    /**
     * Nothing to merge into.
     *
     * @param permitted whether the events of a StreamID may be merged now
     */
    EventMerging(IntPredicate permitted) {
        this.permitted = permitted;
    }

    /**
     * Whether an event needs no record of its own.
     *
     * @param pointer PROD, as it stands
     * @param unread records in the queue
     */
    boolean merges(EventRecord event, long pointer, long unread) {
        if (event.isStalled() || pointer != producer) {
            // somebody has set the queue up anew
            return false;
        }
        EventRecord key = event.mergingKey();
        long oldest = Math.max(0, written - Math.min(unread, REMEMBERED));
        for (long number = written - 1; number >= oldest; number--) {
            if (key.equals(records[(int) (number % REMEMBERED)])) {
                return permitted.test(event.streamId());
            }
        }
        return false;
    }

    /**
     * A record was written.
     *
     * @param before PROD, before it
     * @param pointer PROD, behind it
     */
    void written(EventRecord event, long before, long pointer) {
        if (before != producer) {
            Arrays.fill(records, null);
        }
        records[(int) (written % REMEMBERED)] = event.isStalled() ? null : event.mergingKey();
        written++;
        producer = pointer;
    }
}
