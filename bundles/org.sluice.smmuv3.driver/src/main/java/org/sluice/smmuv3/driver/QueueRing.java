package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Arithmetic of an SMMU queue: registers hold an index and, one bit above it, a wrap bit; software here counts entries since
 * the queue was made in a long, so that no comparison ever wraps.
 *
 * @param base physical address of entry 0 in bytes
 * @param log2 log2 of the number of entries
 * @param entryBytes size of an entry
 */
record QueueRing(long base, int log2, int entryBytes) {
    /** Widest index that the registers can hold beside its wrap bit. */
    static final int MAX_LOG2 = 19;

    QueueRing {
        if (log2 < 0 || log2 > MAX_LOG2) {
            throw new IommuException(Errno.EINVAL, "queue of 2^" + log2 + " entries, the limit is 2^" + MAX_LOG2);
        }
    }

    /** Number of entries. */
    int entries() {
        return 1 << log2;
    }

    /** Size in bytes. */
    long bytes() {
        return (long) entryBytes << log2;
    }

    /** Slot of a position. */
    int slot(long position) {
        return (int) position & entries() - 1;
    }

    /** Physical address of a position's entry. */
    long address(long position) {
        return base + (long) slot(position) * entryBytes;
    }

    /** A position as the registers hold it: index and wrap bit. */
    long register(long position) {
        return position & mask();
    }

    /**
     * How many entries an index is ahead of a position that is not ahead of it.
     *
     * @param register index and wrap bit
     * @param position an earlier position, at most {@code 2 * entries() - 1} behind
     * @return entries
     */
    long ahead(long register, long position) {
        return register - position & mask();
    }

    private long mask() {
        return 2L * entries() - 1;
    }
}
