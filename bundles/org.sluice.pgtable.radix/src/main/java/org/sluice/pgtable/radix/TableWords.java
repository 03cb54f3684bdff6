package org.sluice.pgtable.radix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Entries in memory. Windows of the memory are kept, so that the usual access is an array element whichever
 * implementations of {@link PhysicalMemory} are loaded; a memory without windows is asked word by word.
 *
 * <p>Any thread may call it. Loads acquire and installs release, so whoever sees a table sees it zeroed. Runs use plain
 * array accesses: a 64-bit virtual machine does not tear them, and such loops become vector code; a fence follows.
 */
public final class TableWords {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Windows that are kept, from the lowest to the highest in use: 64 GiB at 2 MiB a window. */
    private static final int MOST_KEPT = 1 << 15;

    private final PhysicalMemory memory;
    private final int spread;
    private final boolean windowed;
    private final int windowShift;
    private final long windowMask;
    /** Read without a lock: it is immutable but for entries that go from null to their one value. */
    private Kept kept = new Kept(0, new long[0][]);

    private static final class Kept {
        private final long first;
        private final long[][] windows;

        Kept(long first, long[][] windows) {
            this.first = first;
            this.windows = windows;
        }

        /** The same windows with room for one more; null when it lies too far away. */
        private Kept stretchedTo(long number) {
            long low = Math.min(first, number);
            long high = Math.max(first + windows.length - 1, number);
            if (high - low >= MOST_KEPT) {
                return null;
            }
            long[][] stretched = new long[(int) (high - low) + 1][];
            System.arraycopy(windows, 0, stretched, (int) (first - low), windows.length);
            return new Kept(low, stretched);
        }
    }

    /**
     * Entries of which bit 0 says that they are there.
     *
     * @param memory where tables are
     */
    public TableWords(PhysicalMemory memory) {
        this(memory, 0);
    }

    /**
     * Entries of which one of two bits says that they are there.
     *
     * @param memory where tables are
     * @param spread how far the other bit is from bit 0; 0 when there is no other
     */
    TableWords(PhysicalMemory memory, int spread) {
        this.spread = spread;
        this.memory = memory;
        windowed = memory.windowBytes() != 0;
        windowShift = windowed ? Long.numberOfTrailingZeros(memory.windowBytes()) : 0;
        windowMask = memory.windowBytes() - 1;
    }

    private long[] window(long address) {
        Kept now = kept;
        long number = (address >>> windowShift) - now.first;
        if (number >= 0 && number < now.windows.length) {
            long[] window = now.windows[(int) number];
            if (window != null) {
                return window;
            }
        }
        return keep(address);
    }

    private synchronized long[] keep(long address) {
        long[] window = memory.window(address);
        long number = address >>> windowShift;
        Kept now = kept;
        Kept next = now.windows.length == 0 ? new Kept(number, new long[1][]) : now.stretchedTo(number);
        if (next != null) {
            next.windows[(int) (number - next.first)] = window;
            kept = next;
        }
        return window;
    }

    private int word(long address) {
        return (int) ((address & windowMask) >>> 3);
    }

    /**
     * Whether {@link #replace} excludes the device too, and not only our threads.
     *
     * @return true if so
     */
    public boolean atomicWithDevice() {
        return memory.atomicWithDevice();
    }

    /**
     * An entry.
     *
     * @param address of the entry
     * @return the entry
     */
    public long load(long address) {
        return windowed ? (long) WORDS.getAcquire(window(address), word(address)) : memory.read64Acquire(address);
    }

    /**
     * Writes an entry of a table that nobody reaches yet.
     *
     * @param address of the entry
     * @param entry what to write
     */
    public void store(long address, long entry) {
        if (windowed) {
            WORDS.setRelease(window(address), word(address), entry);
        } else {
            memory.write64Release(address, entry);
        }
    }

    /**
     * Replaces an entry.
     *
     * @param address of the entry
     * @param expected what must be there
     * @param entry what to write
     * @return false if another thread, or the device, was first
     */
    public boolean replace(long address, long expected, long entry) {
        return windowed
                ? WORDS.compareAndSet(window(address), word(address), expected, entry)
                : memory.compareAndSet64(address, expected, entry);
    }

    private boolean isPresent(long entry) {
        return ((entry | entry >>> spread) & 1) != 0;
    }

    /**
     * Writes a run of leaves whose addresses ascend, unless an entry is there: then nothing.
     *
     * @param address of the first entry
     * @param entries of all leaves together, a multiple of the replicas
     * @param leaf the first one
     * @param step from the address bits of one leaf to those of the next
     * @param replicas equal entries of each leaf
     * @return false if something is there
     */
    public boolean fillFree(long address, int entries, long leaf, long step, int replicas) {
        if (!windowed) {
            return fillFreeRemotely(address, entries, leaf, step, replicas);
        }
        long[] window = window(address);
        int from = word(address);
        if (entries == 1) {
            if (isPresent(window[from])) {
                return false;
            }
            WORDS.setRelease(window, from, leaf);
            return true;
        }
        if (isPresent(EntryRun.or(window, from, from + entries))) {
            return false;
        }
        if (replicas == 1) {
            EntryRun.fill(window, from, from + entries, leaf, step);
        } else {
            EntryRun.repeat(window, from, from + entries, leaf, step, replicas);
        }
        VarHandle.releaseFence();
        return true;
    }

    private boolean fillFreeRemotely(long address, int entries, long leaf, long step, int replicas) {
        for (int i = 0; i < entries; i++) {
            if (isPresent(memory.read64Acquire(address + 8L * i))) {
                return false;
            }
        }
        for (int i = 0; i < entries; i++) {
            memory.write64Release(address + 8L * i, leaf + i / replicas * step);
        }
        return true;
    }

    /**
     * Clears entries up to the first one that is not there.
     *
     * @param address of the first entry
     * @param entries at most
     * @return how many
     */
    public int clearPresent(long address, int entries) {
        int cleared = 0;
        if (windowed) {
            long[] window = window(address);
            int from = word(address);
            cleared = entries == 1
                    ? isPresent(window[from]) ? 1 : 0
                    : EntryRun.present(window, from, from + entries, spread);
        } else {
            while (cleared < entries && isPresent(memory.read64Acquire(address + 8L * cleared))) {
                cleared++;
            }
        }
        clear(address, cleared);
        return cleared;
    }

    /**
     * Clears whole leaves up to the first entry that is none of them.
     *
     * @param address of the first entry
     * @param entries at most
     * @param mask bits by which such leaves are told from others
     * @param wanted what those bits are
     * @param replicas equal entries of each leaf, a power of two
     * @return how many entries
     */
    public int clearMatching(long address, int entries, long mask, long wanted, int replicas) {
        int matching = 0;
        if (windowed) {
            long[] window = window(address);
            int from = word(address);
            matching = entries == 1
                    ? (window[from] & mask) == wanted ? 1 : 0
                    : EntryRun.matching(window, from, from + entries, mask, wanted);
        } else {
            while (matching < entries && (memory.read64Acquire(address + 8L * matching) & mask) == wanted) {
                matching++;
            }
        }
        int cleared = matching & -replicas;
        clear(address, cleared);
        return cleared;
    }

    /**
     * Empties a run of entries, whatever they are.
     *
     * @param address of the first entry
     * @param entries how many
     */
    public void clear(long address, int entries) {
        if (entries == 0) {
            return;
        }
        if (!windowed) {
            memory.clear(address, 8L * entries);
        } else if (entries == 1) {
            WORDS.setRelease(window(address), word(address), 0L);
        } else {
            int from = word(address);
            Arrays.fill(window(address), from, from + entries, 0);
            VarHandle.releaseFence();
        }
    }
}
