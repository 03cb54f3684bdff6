package org.sluice.process.internal;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.ProviderMissingException;
import org.sluice.process.Process;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * The page table of one process, an object of a format bundle that may leave: then the tables stay in memory, devices walk them
 * on, and whoever wants to change them waits for a format that takes them over. Guarded by the lock of the address space, except
 * for what is read only.
 */
final class TableSlot implements TableHost {
    private static final long WAIT_SECONDS = 5;

    private final Frames frames;
    private final Watchers watchers;
    private final ReentrantLock lock;
    private final Condition came;
    private final PageTableConfig config;
    private final WalkerConfig walker;
    private volatile PageTable table;
    private TableSurvey survey;

    TableSlot(PageTableFormat format, PageTableConfig wanted, Frames frames, Watchers watchers, ReentrantLock lock) {
        this.frames = frames;
        this.watchers = watchers;
        this.lock = lock;
        this.came = lock.newCondition();
        this.table = format.create(wanted, this);
        this.config = table.config();
        this.walker = table.walkerConfig();
    }

    PageTableConfig config() {
        return config;
    }

    WalkerConfig walker() {
        return walker;
    }

    /** The table; null while its format is missing. Needs no lock. */
    PageTable tableOrNull() {
        return table;
    }

    void map(long address, long frame, int prot) {
        table.mapPages(address, frame, Process.PAGE, 1, prot);
    }

    /** Takes one entry away; the caller invalidates. */
    void unmap(long address) {
        IotlbGather gather = new IotlbGather();
        long done = table.unmapPages(address, Process.PAGE, 1, gather);
        if (done != Process.PAGE || gather.tableCount() != 0) {
            throw new IllegalStateException(String.format(
                    "unmap of the page at 0x%x took 0x%x bytes and %d tables", address, done, gather.tableCount()));
        }
    }

    /**
     * Waits for the format, which then stays while the lock is held. The lock is given up meanwhile, so this comes before
     * every check and change.
     */
    void require() {
        long left = TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (table == null) {
            if (left <= 0) {
                throw new ProviderMissingException(
                        "page-table format " + config.format(),
                        "waited " + WAIT_SECONDS + " s for a bundle that offers it; the process stays as it is");
            }
            try {
                left = came.awaitNanos(left);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                left = 0;
            }
        }
    }

    /** The format leaves. */
    void surrender() {
        if (table != null) {
            survey = table.survey();
            table = null;
        }
    }

    /** A format came: it takes over if it sees what the one before saw. */
    void adopt(PageTableFormat format) {
        if (table == null) {
            PageTable adopted = format.adopt(config, walker.root(), this);
            TableSurvey seen = adopted.survey();
            if (!seen.equals(survey) || !adopted.walkerConfig().equals(walker)) {
                throw new IommuException(
                        Errno.EINVAL,
                        "successor sees " + seen + ", predecessor saw " + survey + " in a process's tables");
            }
            table = adopted;
            came.signalAll();
        }
    }

    void free() {
        table.free();
    }

    @Override
    public PhysicalMemory memory() {
        return frames.memory();
    }

    @Override
    public long allocateTable(long bytes, long alignment, long lastAddress) {
        return frames.allocator().allocateBelow(bytes, alignment, lastAddress);
    }

    @Override
    public void freeTable(long address, long bytes) {
        frames.allocator().free(address, bytes);
    }

    /** Only whole pages are mapped here, so no block ever replaces a table; were it so, devices would have to forget it first. */
    @Override
    public void retireTable(long iova, long size, long granule, long address, long bytes) {
        watchers.invalidate(iova, size);
        freeTable(address, bytes);
    }
}
