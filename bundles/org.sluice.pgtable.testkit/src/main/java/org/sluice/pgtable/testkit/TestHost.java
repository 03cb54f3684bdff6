package org.sluice.pgtable.testkit;

import java.util.ArrayList;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.WalkerConfig;

/** A core for one page table: real memory, an allocator that can be told to run out, and a list of what was retired. */
public final class TestHost implements TableHost {
    /** A table that a map took out. */
    public record Retired(long iova, long size, long granule, long address, long bytes) {}

    /** Memory that it has. */
    public static final MemoryRegion POOL = new MemoryRegion(0x8000_0000L, 256 << 20);

    private static final long POISON = 0x000f_ffff_ffff_f203L;

    /** Tables that maps took out and that were not freed yet. */
    public final List<Retired> retired = new ArrayList<>();

    /** What the hardware was told of trees that grew. */
    public final List<WalkerConfig> moves = new ArrayList<>();

    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private long allocationsLeft = Long.MAX_VALUE;
    private Runnable interruption;
    private boolean refusesMoves;

    /** A core over resident memory. */
    public TestHost() {
        this(new ResidentMemoryFactory().create(List.of(POOL)), POOL);
    }

    /** A core over some memory, of which tables get a part. */
    public TestHost(PhysicalMemory memory, MemoryRegion pool) {
        this.memory = memory;
        allocator = new ResidentMemoryFactory().allocator(memory, pool);
    }

    /** Lets some allocations succeed, and every later one fail. */
    public void failAfter(long allocations) {
        allocationsLeft = allocations;
    }

    /** Lets something happen during the next allocation. */
    public void interruptAllocation(Runnable action) {
        interruption = action;
    }

    /** Bytes of the tables that were not freed. */
    public long allocatedBytes() {
        return allocator.allocatedBytes();
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public synchronized long allocateTable(long bytes, long alignment, long lastAddress) {
        if (allocationsLeft == 0) {
            throw new IommuException(Errno.ENOMEM, "no table of " + bytes + " bytes: the test says so");
        }
        allocationsLeft--;
        if (interruption != null) {
            Runnable action = interruption;
            interruption = null;
            action.run();
        }
        return allocator.allocateBelow(bytes, alignment, lastAddress);
    }

    @Override
    public void freeTable(long address, long bytes) {
        // What was freed looks like tables that lead nowhere: whoever still uses it is noticed.
        for (long at = address; at < address + bytes; at += 8) {
            memory.write64(at, POISON);
        }
        allocator.free(address, bytes);
    }

    @Override
    public synchronized void retireTable(long iova, long size, long granule, long address, long bytes) {
        retired.add(new Retired(iova, size, granule, address, bytes));
    }

    @Override
    public synchronized void rootMoved(WalkerConfig walker) {
        if (refusesMoves) {
            throw new IommuException(Errno.EOPNOTSUPP, "no other root: the test says so");
        }
        moves.add(walker);
    }

    /** Lets hardware be unable to begin at another root. */
    public void refuseMoves(boolean refuses) {
        refusesMoves = refuses;
    }

    /** Frees what an unmap took out, as the core does after its sync. */
    public void sync(IotlbGather gather) {
        for (int i = 0; i < gather.tableCount(); i++) {
            freeTable(gather.tableAddress(i), gather.tableBytes(i));
        }
        gather.clear();
    }

    /** Frees what maps took out, as the core does once earlier operations have left. */
    public void freeRetired() {
        retired.forEach(table -> freeTable(table.address, table.bytes));
        retired.clear();
    }
}
