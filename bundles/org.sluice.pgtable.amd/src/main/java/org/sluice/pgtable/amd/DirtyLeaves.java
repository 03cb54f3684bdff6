package org.sluice.pgtable.amd;

import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.pgtable.radix.TableWords;

/**
 * Reads, and clears, the marks that hardware makes in the entry through which it wrote: a leaf is dirty when any of its
 * entries is.
 */
final class DirtyLeaves implements TreeWalk.Visitor {
    private final TableWords words;
    private final boolean clear;
    private final IotlbGather gather;
    private final LeafVisitor visitor;

    DirtyLeaves(TableWords words, boolean clear, IotlbGather gather, LeafVisitor visitor) {
        this.words = words;
        this.clear = clear;
        this.gather = gather;
        this.visitor = visitor;
    }

    @Override
    public boolean leaf(long at, long iova, int shift, Level level, long entry) {
        boolean dirty = false;
        for (long i = 0, replicas = 1L << shift - level.shift; i < replicas; i++) {
            dirty |= isDirty(at + 8 * i, entry);
        }
        if (!dirty) {
            return true;
        }
        if (clear) {
            gather.addRange(iova, 1L << shift, 1L << shift);
        }
        return visitor.leaf(iova, Pte.leafAddress(entry, shift), 1L << shift, entry, Pte.prot(entry));
    }

    private boolean isDirty(long at, long leaf) {
        long entry = words.load(at);
        // An entry that was unmapped or replaced meanwhile is not touched: it is not the leaf's any more.
        while (Pte.isDirty(entry) && Pte.clean(entry) == Pte.clean(leaf)) {
            if (!clear || words.replace(at, entry, Pte.clean(entry))) {
                return true;
            }
            entry = words.load(at);
        }
        return false;
    }
}
