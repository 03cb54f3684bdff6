package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * The books of one page table's memory. A table is <em>live</em> from its allocation, <em>unlinked</em> from the operation
 * that took it out, and <em>freed</em> by the sync after that. When the operation ends, what it took out is filled with a
 * pattern, and is checked for it when the memory is used again, or at the end: nobody may have written there since.
 *
 * <p>Any thread may call it; every method holds its lock. A broken rule is thrown at the format as an assertion and kept,
 * so that a format which swallows it is found out all the same.
 */
final class TableLedger implements TableHost {
    /** A table that a map took out. */
    record Retired(long iova, long size, long granule, long address, long bytes) {}

    /** What an operation may do with tables. */
    enum Licence {
        /** Nothing: a look-up, a walk, an operation on the smallest pages. */
        NONE,
        /** Retire tables: a map of more than the smallest page. */
        RETIRE,
        /** Free any: the end of the space, or many threads, where nobody can tell who lost a race. */
        FREE
    }

    static final MemoryRegion POOL = new MemoryRegion(0x8000_0000L, 512L << 20);

    /** Two bits and more are 0 where every format has its valid bits, in both halves: a stale map would write. */
    static final long PATTERN = 0x5a5a_5a50_5a5a_5a50L;

    private static final int RESTING = 48;

    /** What the format sees; the books' own writes go past it. */
    private final PhysicalMemory memory;

    private final PhysicalMemory own;
    private final WordMemory words;
    private final Interruptions interruptions = new Interruptions();
    private final PageAllocator allocator;
    private final TreeMap<Long, Long> live = new TreeMap<>();
    private final Map<Long, Long> unlinked = new HashMap<>();
    private final Map<Long, ArrayDeque<Long>> freed = new HashMap<>();
    private final Set<Long> ofThisOperation = new HashSet<>();
    private final List<Long> takenOutNow = new ArrayList<>();
    private final List<Retired> retired = new ArrayList<>();
    private Licence licence = Licence.NONE;
    private long allocationsLeft = Long.MAX_VALUE;
    private long spacing = 1;
    private Consumer<Retired> onRetire = table -> {};
    private Runnable meanwhile = () -> {};
    private AssertionError violation;
    private boolean refusesMoves;
    private WalkerConfig walked;

    TableLedger(MemoryFactory factory) {
        this(factory, false);
    }

    /** With windows, or without them as a remote memory has none. */
    TableLedger(MemoryFactory factory, boolean windowless) {
        own = factory.create(List.of(POOL));
        allocator = factory.allocator(own, POOL);
        words = windowless ? new WordMemory(own, interruptions, this::checkWrite) : null;
        memory = windowless ? words : own;
    }

    /** What happens while a format works on a memory without windows. */
    Interruptions interruptions() {
        return interruptions;
    }

    /** Makes the memory without windows one whose compare-and-set does not exclude the device. */
    void withoutAtomicAccess() {
        words.withoutAtomicAccess();
    }

    /** The memory as it is, past the format's view of it. */
    PhysicalMemory ownMemory() {
        return own;
    }

    /** Lets some allocations succeed, and every later one fail. */
    synchronized void failAfter(long allocations) {
        allocationsLeft = allocations;
    }

    /** Lets something happen during the next allocation, as if another thread had done it. */
    synchronized void duringNextAllocation(Runnable action) {
        meanwhile = action;
    }

    /** Puts every table into a part of memory of its own. */
    synchronized void spread(long bytes) {
        spacing = bytes;
    }

    /** Sees each table while the map that took it out is still at work. */
    synchronized void onRetire(Consumer<Retired> watcher) {
        onRetire = watcher;
    }

    synchronized void begin(Licence what) {
        licence = what;
        ofThisOperation.clear();
    }

    synchronized void end() {
        takenOutNow.forEach(table -> poison(table, unlinked.get(table)));
        takenOutNow.clear();
        ofThisOperation.clear();
        licence = Licence.NONE;
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public synchronized long allocateTable(long bytes, long alignment, long lastAddress) {
        require(bytes >= 64 && bytes % 8 == 0, "a table of %d bytes is asked for", bytes);
        require(Long.bitCount(alignment) == 1, "a table is asked for at multiples of %d", alignment);
        if (allocationsLeft == 0) {
            throw new IommuException(Errno.ENOMEM, "no table of " + bytes + " bytes: the test says so");
        }
        allocationsLeft--;
        long table = reuse(bytes, alignment, lastAddress);
        if (table == 0) {
            table = allocator.allocateBelow(bytes, Math.max(alignment, spacing), lastAddress);
        }
        live.put(table, bytes);
        ofThisOperation.add(table);
        Runnable action = meanwhile;
        meanwhile = () -> {};
        action.run();
        return table;
    }

    /** A freed table that has rested long enough for a straggler to show itself; 0 if there is none. */
    private long reuse(long bytes, long alignment, long lastAddress) {
        ArrayDeque<Long> resting = freed.getOrDefault(bytes, new ArrayDeque<>());
        if (resting.size() < RESTING) {
            return 0;
        }
        long table = resting.peekFirst();
        boolean fits = (table & alignment - 1) == 0 && Long.compareUnsigned(table + bytes - 1, lastAddress) <= 0;
        if (!fits) {
            return 0;
        }
        resting.removeFirst();
        checkPattern(table, bytes);
        own.clear(table, bytes);
        return table;
    }

    @Override
    public synchronized void freeTable(long address, long bytes) {
        require(
                licence == Licence.FREE || ofThisOperation.contains(address),
                "table 0x%x is freed by an operation that may not: tables go through gather or retireTable",
                address);
        requireLive(address, bytes, "freed");
        live.remove(address);
        rest(address, bytes);
    }

    @Override
    public synchronized void retireTable(long iova, long size, long granule, long address, long bytes) {
        require(licence != Licence.NONE, "table 0x%x is retired by an operation that may not", address);
        Retired table = new Retired(iova, size, granule, address, bytes);
        unlink(address, bytes);
        retired.add(table);
        onRetire.accept(table);
    }

    @Override
    public synchronized void rootMoved(WalkerConfig walker) {
        if (refusesMoves) {
            throw new IommuException(Errno.EOPNOTSUPP, "no other root: the test says so");
        }
        require(live.containsKey(walker.root()), "the hardware is told of a root that is no live table: %s", walker);
        walked = walker;
    }

    /** Lets hardware be unable to begin at another root. */
    synchronized void refuseMoves(boolean refuses) {
        refusesMoves = refuses;
    }

    /** What the hardware walks from. */
    synchronized WalkerConfig walked() {
        return walked;
    }

    /** Installs tables in the hardware. */
    synchronized void install(WalkerConfig walker) {
        walked = walker;
    }

    /** Books a table that an unmap gave to its gather. */
    synchronized void unlink(long address, long bytes) {
        requireLive(address, bytes, "taken out");
        live.remove(address);
        unlinked.put(address, bytes);
        takenOutNow.add(address);
    }

    /** Frees what a gather holds, as the core does after its sync. */
    synchronized void sync(IotlbGather gather) {
        for (int i = 0; i < gather.tableCount(); i++) {
            release(gather.tableAddress(i));
        }
        gather.clear();
    }

    /** Frees what maps took out, as the core does once earlier operations have left. */
    synchronized void settle() {
        retired.forEach(table -> release(table.address));
        retired.clear();
    }

    /** Frees one table that was taken out. */
    synchronized void release(long address) {
        Long bytes = unlinked.remove(address);
        require(bytes != null, "table 0x%x waits in a gather but was not taken out", address);
        takenOutNow.remove(address);
        rest(address, bytes);
    }

    private void rest(long address, long bytes) {
        poison(address, bytes);
        freed.computeIfAbsent(bytes, size -> new ArrayDeque<>()).addLast(address);
    }

    private void poison(long address, long bytes) {
        for (long at = address; at < address + bytes; at += 8) {
            own.write64(at, PATTERN);
        }
    }

    synchronized List<Retired> retired() {
        return List.copyOf(retired);
    }

    /** Tables that the format holds: bytes by physical address. */
    synchronized Map<Long, Long> live() {
        return new TreeMap<>(live);
    }

    synchronized long liveBytes() {
        return live.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Fails if a rule was broken, or somebody wrote to a table that was taken out. */
    synchronized void verify() {
        if (violation != null) {
            throw violation;
        }
        unlinked.forEach(this::checkPattern);
        freed.forEach((bytes, tables) -> tables.forEach(table -> checkPattern(table, bytes)));
    }

    private void checkPattern(long table, long bytes) {
        for (long at = table; at < table + bytes; at += 8) {
            long word = own.read64(at);
            require(word == PATTERN, "table 0x%x was taken out, and 0x%x was written into it at 0x%x", table, word, at);
        }
    }

    /** A write of the format, about to happen. */
    private synchronized void checkWrite(long address, long value) {
        Map.Entry<Long, Long> below = live.floorEntry(address);
        boolean inLiveTable = below != null && address < below.getKey() + below.getValue();
        require(inLiveTable, "0x%x is written to 0x%x, which is in no live table", value, address);
    }

    private void requireLive(long address, long bytes, String what) {
        Long known = live.get(address);
        require(known != null, "0x%x is %s, which is no live table (twice?)", address, what);
        require(known == bytes, "table 0x%x of %d bytes is %s with %d", address, known, what, bytes);
    }

    private void require(boolean holds, String rule, Object... values) {
        try {
            assertThat(holds).as(rule, values).isTrue();
        } catch (AssertionError broken) {
            violation = violation == null ? broken : violation;
            throw broken;
        }
    }
}
