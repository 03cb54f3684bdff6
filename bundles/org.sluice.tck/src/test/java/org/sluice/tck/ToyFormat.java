package org.sluice.tck;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;

/** A format of two levels for 1 GiB, with pages and 2M blocks; right, but for one defect. */
class ToyFormat implements PageTableFormat {
    static final PageTableConfig CONFIG =
            new PageTableConfig("TOY", ToyTable.PAGE | ToyTable.BLOCK, ToyTable.INPUT_BITS, 40, true, 0);

    private final Defect defect;

    ToyFormat(Defect defect) {
        this.defect = defect;
    }

    @Override
    public String name() {
        return "TOY";
    }

    @Override
    public PageTable create(PageTableConfig config, TableHost host) {
        require((config.pageSizes() & ToyTable.PAGE) != 0, "page sizes 0x%x are without 4K", config.pageSizes());
        long root = allocate(host);
        ToyTable table = new ToyTable(CONFIG, root, host, defect);
        try {
            table.makeFirstTable();
        } catch (IommuException refused) {
            if (defect != Defect.CREATION_THAT_FAILS_KEEPS_THE_ROOT) {
                host.freeTable(root, ToyTable.PAGE);
            }
            throw refused;
        }
        return table;
    }

    static long allocate(TableHost host) {
        return host.allocateTable(ToyTable.PAGE, ToyTable.PAGE, (1L << 40) - 1);
    }

    @Override
    public PageTable adopt(PageTableConfig config, long root, TableHost host) {
        ToyTable table = new ToyTable(CONFIG, root, host, defect);
        if (defect != Defect.ADOPTS_ANYTHING) {
            new ToyAdoption(host.memory(), root).check();
        }
        if (defect == Defect.ADOPTION_WRITES) {
            long before = host.memory().read64(root);
            host.memory().write64(root, before ^ 1L << 58);
        }
        return table;
    }

    static void require(boolean holds, String rule, Object... values) {
        if (!holds) {
            throw new IommuException(Errno.EINVAL, String.format(rule, values));
        }
    }
}
