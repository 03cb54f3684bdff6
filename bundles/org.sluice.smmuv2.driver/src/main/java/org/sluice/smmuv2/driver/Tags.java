package org.sluice.smmuv2.driver;

import java.util.BitSet;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Hands out ASIDs or VMIDs. A freed tag comes up again as late as possible, so that a missing invalidation shows as seldom
 * as it can. Any thread; guarded by this.
 */
final class Tags {
    private final String kind;
    private final int first;
    private final int last;
    private final BitSet taken = new BitSet();
    private int next;

    /**
     * All free.
     *
     * @param kind name for messages
     * @param first smallest, above 0
     * @param count how many there are from there on, if the width allows
     * @param bits width of a tag
     */
    Tags(String kind, int first, int count, int bits) {
        this.kind = kind;
        this.first = first;
        this.last = (int) Math.min((1L << bits) - 1, (long) first + count - 1);
        this.next = first;
    }

    /** Takes a free one; ENOSPC when there is none. */
    synchronized int take() {
        int tag = taken.nextClearBit(next);
        if (tag > last) {
            tag = taken.nextClearBit(first);
        }
        if (tag > last) {
            throw new IommuException(Errno.ENOSPC, "all " + kind + "s from " + first + " to " + last + " are in use");
        }
        taken.set(tag);
        next = tag + 1;
        return tag;
    }

    /** Takes a certain one; EINVAL when it is out of range or taken. */
    synchronized void reserve(int tag) {
        if (tag < 1 || tag > last || taken.get(tag)) {
            throw new IommuException(Errno.EINVAL, kind + " " + tag + " is another context's or not from 1 to " + last);
        }
        taken.set(tag);
    }

    synchronized void giveBack(int tag) {
        taken.clear(tag);
    }
}
