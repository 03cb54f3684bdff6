package org.sluice.core.sva;

import org.sluice.api.LeafVisitor;
import org.sluice.core.space.NoTable;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.WalkerConfig;
import org.sluice.spi.sva.ProcessAddressSpace;

/** The page table of a process as a space of the core sees it: it can be looked at. Any thread may call it; it takes no lock. */
public final class ProcessView extends NoTable {
    private final ProcessAddressSpace process;

    private ProcessView(ProcessAddressSpace process) {
        super(process.tableConfig());
        this.process = process;
    }

    /**
     * A "format" that makes the view of one process.
     *
     * @param process to be shared
     * @return to be given to the ledger of a space in place of a format
     */
    public static PageTableFormat of(ProcessAddressSpace process) {
        return new PageTableFormat() {
            @Override
            public String name() {
                return process.tableConfig().format();
            }

            @Override
            public PageTable create(PageTableConfig config, TableHost host) {
                return new ProcessView(process);
            }

            @Override
            public PageTable adopt(PageTableConfig config, long root, TableHost host) {
                return new ProcessView(process);
            }
        };
    }

    @Override
    public long iovaToPhys(long iova) {
        return process.translate(iova);
    }

    @Override
    public WalkerConfig walkerConfig() {
        return process.walkerConfig();
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        process.walk(first, last, visitor);
    }
}
