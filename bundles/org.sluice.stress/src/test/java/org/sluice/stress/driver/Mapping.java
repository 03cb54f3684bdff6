package org.sluice.stress.driver;

import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.PageTable;

/**
 * A context and its page table. Any thread, for pages that no other thread uses.
 *
 * @param context of the driver
 * @param table of a format
 */
record Mapping(TranslationContext context, PageTable table) {
    static final long PAGE = 4096;

    /** Maps one page. */
    void map(long iova, long paddr, int prot) {
        long mapped = table.mapPages(iova, paddr, PAGE, 1, prot);
        if (mapped != PAGE) {
            throw new AssertionError(String.format("0x%x bytes of iova 0x%x were mapped", mapped, iova));
        }
    }

    /** Maps one page for reading and writing. */
    void map(long iova, long paddr) {
        map(iova, paddr, Prot.READ | Prot.WRITE | Prot.CACHE);
    }

    /** Unmaps one page; when it returns, no DMA uses it. */
    void unmap(long iova, IotlbGather gather) {
        long unmapped = table.unmapPages(iova, PAGE, 1, gather);
        if (unmapped != PAGE) {
            throw new AssertionError(String.format("0x%x bytes of iova 0x%x were unmapped", unmapped, iova));
        }
        gather.clear();
        context.invalidate(iova, PAGE, PAGE, true);
        context.sync();
    }
}
