package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;

/** A context of the driver with a page table, put together as a core does it. Any thread, on ranges of its own. */
final class Space implements TableHost {
    static final int RW = Prot.READ | Prot.WRITE;

    private final Rig rig;
    private final TranslationContext context;
    private final PageTable table;

    Space(Rig rig, TranslationContext context, PageTableFormat format) {
        this.rig = rig;
        this.context = context;
        table = format.create(context.tableConfig(), this);
        context.install(table.walkerConfig());
    }

    TranslationContext context() {
        return context;
    }

    PageTable table() {
        return table;
    }

    /** An IOVA of the lower half, without the bits that are too many for the space. */
    long within(long iova) {
        return iova & table.lastIova();
    }

    void map(long iova, long paddr, long size, int prot) {
        map(iova, paddr, size, 1, prot);
    }

    void map(long iova, long paddr, long size, long count, int prot) {
        assertThat(table.mapPages(iova, paddr, size, count, prot)).isEqualTo(size * count);
    }

    /** Unmaps, and waits until no DMA uses it any more. */
    void unmap(long iova, long size, long count) {
        IotlbGather gather = unmapOnly(iova, size, count);
        invalidate(gather);
        finish(gather);
    }

    /** Unmaps in the tables only. */
    IotlbGather unmapOnly(long iova, long size, long count) {
        IotlbGather gather = new IotlbGather();
        assertThat(table.unmapPages(iova, size, count, gather)).isEqualTo(size * count);
        return gather;
    }

    /** Queues what an unmap asks for; does not wait. */
    void invalidate(IotlbGather gather) {
        context.invalidate(
                gather.start(), gather.end() - gather.start() + 1, gather.pageSize(), gather.tableCount() == 0);
    }

    /** Waits, and then frees the tables that fell out. */
    void finish(IotlbGather gather) {
        context.sync();
        for (int i = 0; i < gather.tableCount(); i++) {
            freeTable(gather.tableAddress(i), gather.tableBytes(i));
        }
    }

    @Override
    public PhysicalMemory memory() {
        return rig.memory();
    }

    @Override
    public long allocateTable(long bytes, long alignment, long lastAddress) {
        return rig.allocator().allocateBelow(bytes, alignment, lastAddress);
    }

    @Override
    public void freeTable(long address, long bytes) {
        rig.allocator().free(address, bytes);
    }

    @Override
    public void retireTable(long iova, long size, long granule, long address, long bytes) {
        context.invalidate(iova, size, granule, false);
        context.sync();
        freeTable(address, bytes);
    }
}
