package org.sluice.pgtable.radix;

import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A page table whose hardware sets a bit in the entry through which it writes. A leaf that is a group of entries is dirty
 * when any of them is.
 */
final class TrackedPageTable extends RadixPageTable implements DirtyTracking {
    private final Tables tables;
    private final EntryCode code;
    private final LeafAttributes attributes;
    private final long dirty;
    private final long accessed;

    TrackedPageTable(PageTableConfig config, Tables tables, LeafAttributes attributes, WalkerConfig walkerConfig) {
        super(config, tables, attributes, walkerConfig);
        this.tables = tables;
        this.code = tables.code;
        this.attributes = attributes;
        dirty = attributes.dirty();
        accessed = attributes.accessed();
    }

    @Override
    public void readDirty(long iova, long size, boolean clear, IotlbGather gather, LeafVisitor visitor) {
        long to = DirtyMarks.lastOf(tables.words, iova, size, clear, gather);
        new LeafWalk(tables, iova, to, (at, first, bytes, entry) -> {
                    if (!isDirty(at, entry, clear)) {
                        return true;
                    }
                    if (clear) {
                        gather.addRange(first, bytes, bytes);
                    }
                    return visitor.leaf(first, code.leafAddress(entry), bytes, entry, attributes.prot(entry));
                })
                .walk();
    }

    private boolean isDirty(long at, long leaf, boolean clear) {
        boolean found = false;
        for (int i = 0; i < code.leafEntries(leaf); i++) {
            found |= isEntryDirty(at + 8L * i, leaf, clear);
        }
        return found;
    }

    private boolean isEntryDirty(long at, long leaf, boolean clear) {
        long entry = tables.words.load(at);
        // An entry that was unmapped or replaced meanwhile is not touched: it is not the leaf's any more.
        while ((entry & dirty) != 0 && ((entry ^ leaf) & ~(dirty | accessed)) == 0) {
            if (!clear || tables.words.replace(at, entry, entry & ~dirty)) {
                return true;
            }
            entry = tables.words.load(at);
        }
        return false;
    }
}
