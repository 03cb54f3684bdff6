package org.sluice.smmuv3.driver;

import java.util.BitSet;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Hands out ASIDs or VMIDs, 1 and up. A freed tag comes up again as late as possible, so that a missing invalidation shows
 * as seldom as it can. Any thread; the monitor of this object guards all.
 */
final class TagAllocator {
    private final String kind;
    private final int last;
    private final BitSet taken = new BitSet();
    private int next = 1;

    /**
     * All free.
     *
     * @param kind name for messages, such as ASID
     * @param bits width of a tag
     */
    TagAllocator(String kind, int bits) {
        this.kind = kind;
        this.last = (1 << bits) - 1;
    }

    /**
     * Takes a free tag.
     *
     * @return 1 and up
     * @throws IommuException ENOSPC
     */
    synchronized int allocate() {
        int tag = taken.nextClearBit(next);
        if (tag > last) {
            tag = taken.nextClearBit(1);
        }
        if (tag > last) {
            throw new IommuException(Errno.ENOSPC, "all " + last + " " + kind + "s are in use");
        }
        taken.set(tag);
        next = tag + 1;
        return tag;
    }

    /**
     * Takes a certain tag.
     *
     * @throws IommuException EINVAL out of range or in use
     */
    synchronized void reserve(int tag) {
        if (tag < 1 || tag > last) {
            throw new IommuException(Errno.EINVAL, kind + " " + tag + ", the range is 1 to " + last);
        }
        if (taken.get(tag)) {
            throw new IommuException(Errno.EINVAL, kind + " " + tag + " is another context's");
        }
        taken.set(tag);
    }

    /**
     * Gives a tag back; nothing in any TLB carries it any more.
     *
     * @throws IommuException EINVAL it was not taken
     */
    synchronized void free(int tag) {
        if (tag < 1 || !taken.get(tag)) {
            throw new IommuException(Errno.EINVAL, kind + " " + tag + " is not in use");
        }
        taken.clear(tag);
    }
}
