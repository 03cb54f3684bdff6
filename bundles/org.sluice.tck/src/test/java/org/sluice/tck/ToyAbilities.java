package org.sluice.tck;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.TableHost;

/** What a {@link ToyTable} can do beside being a table: dirty marks in bit 58 of leaves, and blocks that are split. */
final class ToyAbilities {
    /** Hardware sets it when it writes. */
    static final long DIRTY = 1L << 58;

    private final PageTable table;
    private final long root;
    private final TableHost host;
    private final PhysicalMemory memory;
    private final Defect defect;

    ToyAbilities(PageTable table, long root, TableHost host, Defect defect) {
        this.table = table;
        this.root = root;
        this.host = host;
        this.defect = defect;
        memory = host.memory();
    }

    private boolean has(Defect one) {
        return defect == one;
    }

    void readDirty(long iova, long size, boolean clear, IotlbGather gather, LeafVisitor visitor) {
        if (size <= 0 || clear && gather == null) {
            throw new IommuException(Errno.EINVAL, "size " + size + ", gather " + gather);
        }
        if (clear && !memory.atomicWithDevice() && !has(Defect.CLEARS_BESIDE_THE_DEVICE)) {
            throw new IommuException(Errno.EOPNOTSUPP, "clear without atomic access");
        }
        boolean[] further = {true};
        long from = has(Defect.DIRTY_RANGE_IS_IGNORED) ? 0 : iova;
        long to = has(Defect.DIRTY_RANGE_IS_IGNORED) ? -1 : iova + size - 1;
        table.walk(from, to, (at, paddr, bytes, entry, prot) -> {
            long word = word(at);
            boolean cleared = clear || has(Defect.READING_CLEARS_MARKS);
            if (further[0] && told(word, entry, cleared)) {
                if (clear && !has(Defect.CLEARED_LEAF_IS_NOT_GATHERED)) {
                    gather.addRange(at, bytes, bytes);
                }
                further[0] = visitor.leaf(at, paddr, bytes, entry, prot);
            } else if (!further[0]) {
                told(word, entry, cleared); // reached with a defect only
            }
            return further[0] || has(Defect.CLEARS_MARKS_BEHIND_A_STOP);
        });
    }

    private boolean told(long word, long entry, boolean clear) {
        boolean dirty = (entry & DIRTY) != 0;
        if (has(Defect.CLEARS_WHAT_IT_DID_NOT_SEE) && clear) {
            memory.compareAndSet64(word, memory.read64(word), entry & ~DIRTY);
            return dirty;
        }
        if (!dirty || !clear || has(Defect.MARKS_STAY)) {
            return dirty;
        }
        long clean = entry & ~DIRTY & (has(Defect.CLEARING_LOSES_PROTECTION) ? ~ToyTable.PROT : -1);
        if (has(Defect.CLEARING_BRINGS_BACK_A_LEAF)) {
            memory.write64Release(word, clean);
            return true;
        }
        return memory.compareAndSet64(word, entry, clean);
    }

    /** Address of the leaf that maps an IOVA. */
    private long word(long iova) {
        long upper = root + 8 * (iova >>> 21 & 511);
        long descriptor = memory.read64Acquire(upper);
        return ToyTable.isTable(descriptor) ? ToyTable.address(descriptor) + 8 * (iova >>> 12 & 511) : upper;
    }

    long split(long iova, boolean withoutBreak) {
        if (!withoutBreak && !has(Defect.SPLITS_WITHOUT_CONSENT)) {
            throw new IommuException(Errno.EOPNOTSUPP, "a break is not made here");
        }
        long at = root + 8 * (iova >>> 21 & 511);
        long block = memory.read64Acquire(at);
        if (iova >>> 21 > 511 || block == 0 || ToyTable.isTable(block)) {
            return 0;
        }
        if (has(Defect.SPLIT_THAT_FAILS_UNMAPS)) {
            memory.compareAndSet64(at, block, 0);
        }
        long fresh = ToyFormat.allocate(host);
        long kept = has(Defect.SPLIT_FORGETS_MARKS) ? ~DIRTY : -1;
        kept &= has(Defect.SPLIT_LOSES_PROTECTION) ? ~ToyTable.PROT : -1;
        for (long offset = 0; offset < ToyTable.BLOCK; offset += ToyTable.PAGE) {
            memory.write64(fresh + (offset >>> 9), block + offset & kept);
        }
        if (has(Defect.SPLIT_BREAKS_BEFORE_IT_MAKES)) {
            memory.write64Release(at, 0);
        }
        if (has(Defect.SPLIT_BREAKS_BEFORE_IT_MAKES)
                || has(Defect.SPLIT_THAT_FAILS_UNMAPS)
                || has(Defect.SPLIT_BRINGS_BACK_A_BLOCK)) {
            memory.write64Release(at, fresh | 3);
        } else if (!memory.compareAndSet64(at, block, fresh | 3)) {
            host.freeTable(fresh, ToyTable.PAGE);
            return 0;
        }
        return ToyTable.PAGE;
    }
}
