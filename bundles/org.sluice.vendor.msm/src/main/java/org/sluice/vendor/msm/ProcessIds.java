package org.sluice.vendor.msm;

import java.util.HashSet;
import java.util.Set;

/**
 * Values for CONTEXTIDR, by which a fault names the guilty space: the ASID in [15:0], a count that goes round in [31:16].
 *
 * <p>No two live spaces of one IOMMU have the same id, even when one was made by an instance of this bundle that is gone:
 * their ASIDs differ. The count makes the id of a space differ from that of its predecessor with the same ASID, so that a
 * late fault blames nobody else; an instance never gives out an id that it knows to be in use. Thread-safe.
 */
final class ProcessIds {
    private static final int COUNT_SHIFT = 16;

    private final Set<Integer> live = new HashSet<>();
    private int count;

    /**
     * Nothing is in use.
     *
     * @param start first count; one that differs from instance to instance
     */
    ProcessIds(int start) {
        count = start;
    }

    /**
     * Takes an id.
     *
     * @param asid 1 to 0xffff
     * @return the id, never 0
     */
    synchronized int take(int asid) {
        int id;
        do {
            id = count++ << COUNT_SHIFT | asid;
        } while (!live.add(id));
        return id;
    }

    /** Gives an id back; one that is not known came from an earlier instance, and is not in use here. */
    synchronized void giveBack(int id) {
        live.remove(id);
    }
}
