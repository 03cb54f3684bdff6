package org.sluice.pgtable.arm;

import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.pgtable.radix.DirtyMarks;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;
import org.sluice.vmsa.arch.Stage1Leaf;

/**
 * A stage-1 table whose hardware marks what is written: a writable leaf carries DBM, and is dirty while it is not read-only
 * (linux-iommu.md section 2.1). Leaves are dirty when they are mapped, as Linux has it.
 */
final class DirtyTable extends LpaeTable implements DirtyTracking {
    private static final long DIRTY_BITS = Stage1Leaf.DBM_MASK | Stage1Leaf.AP_RDONLY_MASK;

    private final Tables tables;
    private final LeafAttributes attributes;

    DirtyTable(PageTableConfig config, Tables tables, LeafAttributes attributes, WalkerConfig walkerConfig) {
        super(config, tables, attributes, walkerConfig);
        this.tables = tables;
        this.attributes = attributes;
    }

    /**
     * {@inheritDoc}
     *
     * <p>A leaf that only a part of the range touches is told and cleared as a whole; holes are passed over.
     *
     * @throws IommuException EINVAL for a size that is not above 0, or clear without a gather; EOPNOTSUPP for clear in a
     *     memory whose compare-and-set does not exclude the device
     */
    @Override
    public void readDirty(long iova, long size, boolean clear, IotlbGather gather, LeafVisitor visitor) {
        long last = DirtyMarks.lastOf(tables.words, iova, size, clear, gather);
        walkEntries(iova, last, (entry, leaf, first, paddr, descriptor) -> {
            if (!readMarks(entry, leaf, descriptor, clear)) {
                return true;
            }
            if (clear) {
                gather.addRange(first, leaf.bytes(), leaf.level.bytes());
            }
            long dirty = descriptor & ~Stage1Leaf.AP_RDONLY_MASK;
            return visitor.leaf(first, paddr, leaf.bytes(), dirty, attributes.prot(dirty));
        });
    }

    private static boolean isDirty(long descriptor) {
        return (descriptor & DIRTY_BITS) == Stage1Leaf.DBM_MASK;
    }

    /** Whether a leaf is dirty: of a group hardware may have marked any one member. */
    private boolean readMarks(long entry, LeafSize size, long first, boolean clear) {
        boolean dirty = false;
        for (int i = 0; i < size.entries(); i++) {
            long descriptor = i == 0 ? first : tables.words.load(entry + 8L * i);
            dirty |= isDirty(descriptor) && (!clear || clean(entry + 8L * i, descriptor));
        }
        return dirty;
    }

    /** Clears a mark; false if another leaf, or none, is there now. */
    private boolean clean(long entry, long descriptor) {
        return tables.words.replace(entry, descriptor, descriptor | Stage1Leaf.AP_RDONLY_MASK);
    }
}
