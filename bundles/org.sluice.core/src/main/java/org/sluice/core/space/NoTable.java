package org.sluice.core.space;

import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * In place of a page table where the tables are somebody else's, a guest's or a process's: it has no page size, so that nothing
 * can be mapped in it or unmapped from it, and nothing of it is freed. Any thread may call it.
 */
public class NoTable implements PageTable {
    private final PageTableConfig config;

    /**
     * Of somebody else.
     *
     * @param config as far as it is known
     */
    public NoTable(PageTableConfig config) {
        this.config = config.withPageSizes(0);
    }

    /**
     * Of somebody of whom nothing is known.
     *
     * @return without addresses
     */
    static NoTable unknown() {
        return new NoTable(new PageTableConfig("none", 0, 0, 0, true, 0));
    }

    @Override
    public final PageTableConfig config() {
        return config;
    }

    @Override
    public final long firstIova() {
        return 0;
    }

    @Override
    public final long lastIova() {
        return config.inputBits() == Long.SIZE ? -1L : (1L << config.inputBits()) - 1;
    }

    @Override
    public final long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        throw new MappingException(Errno.EINVAL, "the tables are somebody else's", 0);
    }

    @Override
    public final long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        return 0;
    }

    @Override
    public long iovaToPhys(long iova) {
        return 0;
    }

    @Override
    public WalkerConfig walkerConfig() {
        return () -> 0;
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {}

    /** Says nothing: the content changes whenever its owner likes. */
    @Override
    public final TableSurvey survey() {
        return new TableSurvey(new TreeMap<>(), 0, 0, 0);
    }

    @Override
    public final void free() {}
}
