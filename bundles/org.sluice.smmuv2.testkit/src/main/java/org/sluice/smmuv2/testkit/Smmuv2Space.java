package org.sluice.smmuv2.testkit;

import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.ArmStage1;

/**
 * An address space of up to 39 bits in long tables, which a test fills by hand: the descriptors of the 64-bit format and of
 * the 32-bit one are the same. One thread at a time.
 */
public final class Smmuv2Space {
    static final long PAGE = 1L << 12;

    private static final long BLOCK = 1L << 21;
    private static final int BITS = 39;
    private static final int BITS_PER_LEVEL = 9;
    private static final int TOP = 30;
    private static final int OUTPUT_48 = 5;
    private static final long MAIR = 0xf404ff44L;
    private static final long TABLE = 3;
    /** Execute never, non-global, access flag, inner shareable, writable by everybody, MAIR index 1, a block. */
    private static final long LEAF = 0x0060_0000_0000_0f45L;

    private static final long LEAF_IS_PAGE = 2;
    private static final long ADDRESS = 0xffff_ffff_f000L;

    private final Smmuv2Machine machine;
    private final TranslationContext context;
    private final long root;

    Smmuv2Space(Smmuv2Machine machine, TranslationContext context) {
        this.machine = machine;
        this.context = context;
        root = machine.table();
        context.install(new ArmStage1(root, Long.SIZE - BITS, 0, 3, 1, 1, OUTPUT_48, false, MAIR));
    }

    /**
     * The driver's object.
     *
     * @return the context
     */
    public TranslationContext context() {
        return context;
    }

    /**
     * Maps a range, in leaves as large as the context allows.
     *
     * @param iova a multiple of 4096
     * @param paddr the same
     * @param size the same
     */
    public void map(long iova, long paddr, long size) {
        for (long done = 0; done < size; done += leafAt(iova + done, paddr + done, size - done)) {
            boolean block = leafAt(iova + done, paddr + done, size - done) == BLOCK;
            memory().write64(entry(iova + done, block ? 21 : 12), paddr + done | LEAF | (block ? 0 : LEAF_IS_PAGE));
        }
    }

    private long leafAt(long iova, long paddr, long left) {
        boolean fits =
                (context.tableConfig().pageSizes() & BLOCK) != 0 && ((iova | paddr) & BLOCK - 1) == 0 && left >= BLOCK;
        return fits ? BLOCK : PAGE;
    }

    private long entry(long iova, int shift) {
        long table = root;
        for (int level = TOP; level > shift; level -= BITS_PER_LEVEL) {
            long address = slot(table, iova, level);
            if (memory().read64(address) == 0) {
                memory().write64(address, machine.table() | TABLE);
            }
            table = memory().read64(address) & ADDRESS;
        }
        return slot(table, iova, shift);
    }

    private static long slot(long table, long iova, int shift) {
        return table + (iova >>> shift & (1 << BITS_PER_LEVEL) - 1) * Long.BYTES;
    }

    /**
     * Unmaps a range that was mapped as a whole, invalidates it and waits.
     *
     * @param iova as mapped
     * @param paddr as mapped
     * @param size as mapped
     */
    public void unmap(long iova, long paddr, long size) {
        long granule = PAGE;
        for (long done = 0; done < size; done += granule) {
            granule = leafAt(iova + done, paddr + done, size - done);
            memory().write64(entry(iova + done, granule == BLOCK ? 21 : 12), 0);
        }
        context.invalidate(iova, size, granule, true);
        context.sync();
    }

    private PhysicalMemory memory() {
        return machine.memory();
    }
}
