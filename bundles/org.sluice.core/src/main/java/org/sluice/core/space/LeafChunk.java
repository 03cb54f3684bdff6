package org.sluice.core.space;

import org.sluice.api.LeafVisitor;

/** Collects leaves inside the gate, to be shown to a client's visitor outside of it. Not thread-safe. */
final class LeafChunk implements LeafVisitor {
    private static final int FIELDS = 5;

    private final long[] leaves;
    private int count;

    LeafChunk(int capacity) {
        leaves = new long[capacity * FIELDS];
    }

    @Override
    public boolean leaf(long iova, long paddr, long size, long descriptor, int prot) {
        int at = count * FIELDS;
        leaves[at] = iova;
        leaves[at + 1] = paddr;
        leaves[at + 2] = size;
        leaves[at + 3] = descriptor;
        leaves[at + 4] = prot;
        count++;
        return !isFull();
    }

    /** Shows what was collected; false once the visitor wants no more. */
    boolean visit(LeafVisitor visitor) {
        for (int at = 0; at < count * FIELDS; at += FIELDS) {
            if (!visitor.leaf(leaves[at], leaves[at + 1], leaves[at + 2], leaves[at + 3], (int) leaves[at + 4])) {
                return false;
            }
        }
        return true;
    }

    boolean isFull() {
        return count * FIELDS == leaves.length;
    }

    /** First IOVA behind the last leaf; 0 if that was the end of the address space. */
    long next() {
        int at = (count - 1) * FIELDS;
        return count == 0 ? 0 : leaves[at] + leaves[at + 2];
    }

    void clear() {
        count = 0;
    }
}
