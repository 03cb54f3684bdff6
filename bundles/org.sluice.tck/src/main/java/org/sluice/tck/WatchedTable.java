package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/** A page table of one thread whose every operation is checked for what holds for all of them. */
final class WatchedTable implements PageTable {
    private final PageTable table;
    private final UnmapRule rule;
    private final TableLedger ledger;
    private final long page;

    WatchedTable(PageTable table, UnmapRule rule, TableLedger ledger) {
        this.table = table;
        this.rule = rule;
        this.ledger = ledger;
        page = Long.lowestOneBit(table.config().pageSizes());
    }

    /** The table itself. */
    PageTable unwatched() {
        return table;
    }

    @Override
    public long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        ledger.begin(pgsize == page ? TableLedger.Licence.NONE : TableLedger.Licence.RETIRE);
        try {
            long mapped = table.mapPages(iova, paddr, pgsize, pgcount, prot);
            assertThat(mapped).as("mapped of 0x%x", iova).isEqualTo(pgsize * pgcount);
            return mapped;
        } catch (MappingException refused) {
            assertThat(refused.mapped()).as("mapped() of 0x%x", iova).isNotNegative();
            if (refused.mapped() != 0) {
                assertThat(refused.mapped())
                        .as("mapped() of 0x%x", iova)
                        .isLessThan(pgsize * pgcount)
                        .matches(mapped -> mapped % pgsize == 0, "whole pages of 0x" + Long.toHexString(pgsize));
            }
            throw refused;
        } finally {
            ledger.end();
            assertThat(ledger.walked()).as("what the hardware walks").isEqualTo(table.walkerConfig());
        }
    }

    @Override
    public long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        int tables = gather.tableCount();
        long start = gather.start();
        long end = gather.end();
        ledger.begin(TableLedger.Licence.NONE);
        long unmapped = table.unmapPages(iova, pgsize, pgcount, gather);
        for (int i = tables; i < gather.tableCount(); i++) {
            ledger.unlink(gather.tableAddress(i), gather.tableBytes(i));
        }
        ledger.end();
        if (unmapped == 0) {
            assertThat(gather.tableCount()).as("tables of an unmap of nothing").isEqualTo(tables);
            assertThat(gather.start()).as("gather after an unmap of nothing").isEqualTo(start);
            assertThat(gather.end()).as("gather after an unmap of nothing").isEqualTo(end);
        } else {
            assertThat(pgsize != page || gather.tableCount() == tables)
                    .as("smallest pages hold no tables")
                    .isTrue();
            assertThat(unmapped).as("unmapped at 0x%x", iova).isPositive();
            assertThat(gather.isEmpty()).as("gather is empty").isFalse();
            assertThat(gather.start())
                    .as("gather covers 0x%x", iova)
                    .matches(at -> Long.compareUnsigned(at, iova) <= 0);
            long last = iova + unmapped - 1;
            assertThat(gather.end()).as("gather covers 0x%x", last).matches(at -> Long.compareUnsigned(at, last) >= 0);
            // An invalidation that strides by more than the smallest leaf leaves some of them cached.
            boolean tablesToo = gather.tableCount() != tables;
            long smallest = tablesToo ? page : rule == UnmapRule.REFUSE_PART ? pgsize : unmapped;
            assertThat(gather.pageSize()).as("page size of the gather").isBetween(1L, smallest);
        }
        return unmapped;
    }

    @Override
    public long iovaToPhys(long iova) {
        ledger.begin(TableLedger.Licence.NONE);
        long paddr = table.iovaToPhys(iova);
        ledger.end();
        return paddr;
    }

    @Override
    public void free() {
        ledger.begin(TableLedger.Licence.FREE);
        table.free();
        ledger.end();
    }

    @Override
    public PageTableConfig config() {
        return table.config();
    }

    @Override
    public long firstIova() {
        return table.firstIova();
    }

    @Override
    public long lastIova() {
        return table.lastIova();
    }

    @Override
    public WalkerConfig walkerConfig() {
        return table.walkerConfig();
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        table.walk(first, last, visitor);
    }

    @Override
    public TableSurvey survey() {
        return table.survey();
    }
}
