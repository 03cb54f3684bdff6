package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.sluice.api.IotlbGather;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A core for many threads: a table that was taken out is freed once every operation that began earlier has left, and at
 * once filled with a pattern. When the memory is used again the pattern must be untouched: nobody wrote into a table that
 * was unlinked before his operation began.
 */
public final class GraceHost implements TableHost {
    private static final int STRIDE = 16;

    private final PhysicalMemory memory = new ResidentMemoryFactory().create(List.of(TestHost.POOL));
    private final PageAllocator fresh =
            new ResidentMemoryFactory().allocator(memory, new MemoryRegion(TestHost.POOL.base(), TestHost.POOL.size()));
    private final long tableBytes;
    private final long pattern;
    private volatile WalkerConfig root;
    private final AtomicLongArray operations;
    private final List<Long> free = new ArrayList<>();
    private final Set<Long> live = new HashSet<>();
    private final List<List<Long>> retired = new ArrayList<>();
    private final ThreadLocal<Integer> lane = new ThreadLocal<>();

    /** A core for so many threads, with tables of 4K and entries that are empty when bit 0 is 0. */
    public GraceHost(int lanes) {
        this(lanes, 4096, 0x5a5a_5a5a_5a5a_5a50L);
    }

    /**
     * A core.
     *
     * @param lanes threads
     * @param tableBytes size of a table below the top one
     * @param pattern what free tables hold: it looks like empty entries, so that a stale map would write
     */
    public GraceHost(int lanes, long tableBytes, long pattern) {
        this.tableBytes = tableBytes;
        this.pattern = pattern;
        operations = new AtomicLongArray(lanes * STRIDE);
        for (int i = 0; i < lanes; i++) {
            retired.add(new ArrayList<>());
        }
    }

    /** Says which of them the calling thread is, counted from 0. */
    public void enterAs(int number) {
        lane.set(number);
    }

    /** Runs one page-table operation as an operation in flight. */
    public long operation(LongSupplier operation) {
        int slot = lane.get() * STRIDE;
        operations.incrementAndGet(slot);
        try {
            return operation.getAsLong();
        } finally {
            operations.incrementAndGet(slot);
        }
    }

    /** Frees what this thread's maps and a gather took out, after the grace period. */
    public void sync(IotlbGather gather) {
        List<Long> tables = retired.get(lane.get());
        for (int i = 0; i < gather.tableCount(); i++) {
            assertThat(gather.tableBytes(i)).isEqualTo(tableBytes);
            tables.add(gather.tableAddress(i));
        }
        gather.clear();
        if (!tables.isEmpty()) {
            waitForEarlierOperations();
            tables.forEach(table -> freeTable(table, tableBytes));
            tables.clear();
        }
    }

    private void waitForEarlierOperations() {
        for (int slot = 0; slot < operations.length(); slot += STRIDE) {
            long seen = operations.get(slot);
            while ((seen & 1) != 0 && operations.get(slot) == seen) {
                Thread.onSpinWait();
            }
        }
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public synchronized long allocateTable(long bytes, long alignment, long lastAddress) {
        if (free.isEmpty() || bytes != tableBytes) {
            long table = fresh.allocateBelow(bytes, alignment, lastAddress);
            live.add(table);
            return table;
        }
        long table = free.remove(free.size() - 1);
        checkUntouched(table);
        memory.clear(table, bytes);
        live.add(table);
        return table;
    }

    @Override
    public synchronized void freeTable(long address, long bytes) {
        assertThat(live.remove(address)).as("table 0x%x is freed once", address).isTrue();
        for (long at = address; at < address + bytes; at += 8) {
            memory.write64(at, pattern);
        }
        free.add(address);
    }

    @Override
    public void rootMoved(WalkerConfig walker) {
        root = walker;
    }

    /** What the hardware was told last of a tree that grew; null if none did. */
    public WalkerConfig root() {
        return root;
    }

    @Override
    public void retireTable(long iova, long size, long granule, long address, long bytes) {
        retired.get(lane.get()).add(address);
    }

    /** Fails if somebody wrote into a table that is free. */
    public synchronized void checkFreeTables() {
        free.forEach(this::checkUntouched);
    }

    /** Tables that the format holds. */
    public synchronized int liveTables() {
        return live.size();
    }

    private void checkUntouched(long table) {
        for (long at = table; at < table + tableBytes; at += 8) {
            assertThat(memory.read64(at))
                    .as("freed table 0x%x at 0x%x", table, at)
                    .isEqualTo(pattern);
        }
    }
}
