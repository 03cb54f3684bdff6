package org.sluice.core.space;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.spi.driver.RootExchange;
import org.sluice.spi.driver.SpaceInvalidation;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * Memory of one space's tables, and the tables that wait to be freed. It stays when format or driver are exchanged.
 *
 * <p>A table comes here after it was unlinked and its invalidation was synced, so that no device walks it; what is still to
 * be waited for are the operations of other threads that read the entry before it was unlinked. {@link #reclaim} waits for
 * them outside of any operation: two threads that waited inside would wait for each other.
 */
final class SpaceTables implements TableHost {
    private final Commons commons;
    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final AtomicLong bytes = new AtomicLong();

    private final Installed installed = new Installed();

    /** Serves walk-cache invalidations of maps in flight: stays set until those were drained. */
    private volatile SpaceInvalidation context;

    private long[] retired = new long[16]; // guarded by this; pairs of address and size
    private volatile int retiredCount; // written under this; read without, to see quickly that nothing waits

    SpaceTables(Commons commons, PhysicalMemory memory, PageAllocator allocator) {
        this.commons = commons;
        this.memory = memory;
        this.allocator = allocator;
    }

    void serve(SpaceInvalidation hardware) {
        context = hardware;
    }

    long bytes() {
        return bytes.get();
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public long allocateTable(long size, long alignment, long lastAddress) {
        long address = allocator.allocateBelow(size, alignment, lastAddress);
        bytes.addAndGet(size);
        commons.counters().allocated(size);
        return address;
    }

    @Override
    public void freeTable(long address, long size) {
        allocator.free(address, size);
        bytes.addAndGet(-size);
        commons.counters().freed(size);
    }

    @Override
    public void retireTable(long iova, long size, long granule, long address, long tableBytes) {
        SpaceInvalidation hardware = context;
        hardware.invalidate(iova, size, granule, false);
        hardware.sync();
        retire(address, tableBytes);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Inside of the gate, by the thread that maps: before it leaves, successors of format and driver begin with this root.
     */
    @Override
    public void rootMoved(WalkerConfig walker) {
        SpaceInvalidation hardware = context;
        if (!(hardware instanceof RootExchange) || !(hardware instanceof TranslationContext growing)) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format(
                            "the driver cannot let its IOMMU begin at another top table, 0x%x instead of 0x%x",
                            walker.root(), installed.root()));
        }
        installed.exchange(growing, walker);
    }

    Installed installed() {
        return installed;
    }

    /** Takes over the tables of a gather whose invalidation was synced. */
    void retireAll(IotlbGather gather) {
        for (int i = 0; i < gather.tableCount(); i++) {
            retire(gather.tableAddress(i), gather.tableBytes(i));
        }
    }

    private synchronized void retire(long address, long size) {
        int count = retiredCount;
        if (2 * count == retired.length) {
            retired = Arrays.copyOf(retired, 4 * count);
        }
        retired[2 * count] = address;
        retired[2 * count + 1] = size;
        retiredCount = count + 1;
    }

    /**
     * Frees what waits, once every operation that began earlier has left. Inside an operation, or if one does not leave in
     * time, the tables keep waiting for the next call: late, never early.
     */
    void reclaim() {
        if (retiredCount == 0 || commons.gate().isInside()) {
            return;
        }
        long[] tables = takeRetired();
        boolean free = commons.gate().drain(commons.drainTimeoutNanos());
        for (int i = 0; i < tables.length; i += 2) {
            if (free) {
                freeTable(tables[i], tables[i + 1]);
            } else {
                retire(tables[i], tables[i + 1]);
            }
        }
    }

    /** Frees what waits, when no operation on this space is inside and none will come. */
    void freeRetired() {
        long[] tables = takeRetired();
        for (int i = 0; i < tables.length; i += 2) {
            freeTable(tables[i], tables[i + 1]);
        }
    }

    private synchronized long[] takeRetired() {
        long[] tables = Arrays.copyOf(retired, 2 * retiredCount);
        retiredCount = 0;
        return tables;
    }
}
