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

    /** log2 of the windows that are kept at most: 64 GiB at 2 MiB a window. */
    private static final int MOST_KEPT_BITS = 15;

    private final PhysicalMemory memory;
    private final int spread;
    /** Bits of which an entry has one when it is there. */
    private final long presence;

    private final RampFill ramp;
    private final boolean windowed;
    private final int windowShift;
    private final long windowMask;
    /** Read without a lock: immutable. */
    private Kept kept = Kept.none();

    /** Windows by the low bits of their numbers; no two that are kept share them. */
    private static final class Kept {
        private final long[] numbers;
        private final long[][] windows;

        /** Of arrays that are complete: whoever sees the object sees what is in them. */
        private Kept(long[] numbers, long[][] windows) {
            this.numbers = numbers;
            this.windows = windows;
        }

        private static Kept none() {
            return new Kept(new long[] {-1}, new long[1][]);
        }

        private int place(long number) {
            return (int) number & numbers.length - 1;
        }

        /** The same windows and one more; null when there is no room of its own for it. */
        private Kept with(long number, long[] window) {
            int size = numbers.length;
            int taken = place(number);
            if (windows[taken] != null) {
                // As many places as tell these two apart; from all others the number differs already.
                int differ = Long.numberOfTrailingZeros(number ^ numbers[taken]) + 1;
                if (differ > MOST_KEPT_BITS) {
                    return null;
                }
                size = 1 << differ;
            }
            long[] moreNumbers = new long[size];
            long[][] more = new long[size][];
            Arrays.fill(moreNumbers, -1);
            for (int i = 0; i < numbers.length; i++) {
                if (windows[i] != null) {
                    moreNumbers[(int) numbers[i] & size - 1] = numbers[i];
                    more[(int) numbers[i] & size - 1] = windows[i];
                }
            }
            moreNumbers[(int) number & size - 1] = number;
            more[(int) number & size - 1] = window;
            return new Kept(moreNumbers, more);
        }
    }

    /**
     * Entries of which bit 0 says that they are there.
     *
     * @param memory where tables are
     */
    public TableWords(PhysicalMemory memory) {
        this(memory, 0, 0);
    }

    /**
     * Entries of which bit 0, or one of two bits, says that they are there.
     *
     * @param memory where tables are
     * @param spread how far the other bit is from bit 0; 0 when there is no other
     * @param pageStep from the address bits of one page to those of the next: runs with it are made faster; 0 for none
     */
    public TableWords(PhysicalMemory memory, int spread, long pageStep) {
        this.spread = spread;
        presence = 1 | 1L << spread;
        ramp = new RampFill(pageStep);
        this.memory = memory;
        windowed = memory.windowBytes() != 0;
        windowShift = windowed ? Long.numberOfTrailingZeros(memory.windowBytes()) : 0;
        windowMask = memory.windowBytes() - 1;
    }

    /**
     * Whether entries are reached through windows of the memory.
     *
     * @return false where a {@link KnownTable} has none
     */
    public boolean isWindowed() {
        return windowed;
    }

    /** A table to be remembered. */
    KnownTable known(long address, long first) {
        return windowed
                ? new KnownTable(address, first, window(address), word(address))
                : new KnownTable(address, first, null, 0);
    }

    private long[] window(long address) {
        Kept now = kept;
        long number = address >>> windowShift;
        int place = now.place(number);
        return now.numbers[place] == number ? now.windows[place] : keep(address);
    }

    private synchronized long[] keep(long address) {
        long[] window = memory.window(address);
        long number = address >>> windowShift;
        if (kept.numbers[kept.place(number)] != number) {
            Kept next = kept.with(number, window);
            if (next != null) {
                kept = next;
            }
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
                ? replace(window(address), word(address), expected, entry)
                : memory.compareAndSet64(address, expected, entry);
    }

    private boolean isPresent(long entry) {
        return (entry & presence) != 0;
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
        return entries == 1
                ? putFree(window(address), word(address), presence, leaf)
                : fillFree(window(address), word(address), entries, leaf, step, replicas);
    }

    /**
     * Writes one leaf into a window, unless an entry is there.
     *
     * @param window of {@link KnownTable}
     * @param at of {@link LeafWay#word}
     * @param presence bits of which an entry has one when it is there
     * @param leaf the entry
     * @return false if something is there
     */
    public static boolean putFree(long[] window, int at, long presence, long leaf) {
        if ((window[at] & presence) != 0) {
            return false;
        }
        put(window, at, leaf);
        return true;
    }

    /**
     * Writes one entry into a window, whatever is there.
     *
     * @param window of {@link KnownTable}
     * @param at of {@link LeafWay#word}
     * @param entry to write
     */
    public static void put(long[] window, int at, long entry) {
        WORDS.setRelease(window, at, entry);
    }

    /**
     * Replaces one word of a window.
     *
     * @param window of {@link KnownTable}
     * @param at index of the word
     * @param expected what must be there
     * @param word to write
     * @return false if another thread, or the device, was first
     */
    public static boolean replace(long[] window, int at, long expected, long word) {
        return WORDS.compareAndSet(window, at, expected, word);
    }

    /**
     * Reads one entry of a window.
     *
     * @param window of {@link KnownTable}
     * @param at of {@link LeafWay#word}
     * @return the entry
     */
    public static long get(long[] window, int at) {
        return (long) WORDS.getAcquire(window, at);
    }

    /**
     * As {@link #fillFree(long, int, long, long, int)}, in a window.
     *
     * @param window of {@link KnownTable}
     * @param at of {@link LeafWay#word}
     * @param entries of all leaves together, a multiple of the replicas
     * @param leaf the first one
     * @param step from the address bits of one leaf to those of the next
     * @param replicas equal entries of each leaf
     * @return false if something is there
     */
    public boolean fillFree(long[] window, int at, int entries, long leaf, long step, int replicas) {
        if (isPresent(EntryRun.or(window, at, at + entries))) {
            return false;
        }
        if (replicas == 1) {
            ramp.fill(window, at, at + entries, leaf, step);
        } else {
            EntryRun.repeat(window, at, at + entries, leaf, step, replicas);
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
        if (spread == 0) {
            return clearMatching(address, entries, 1, 1, 1);
        }
        int cleared = 0;
        if (windowed) {
            int from = word(address);
            cleared = EntryRun.present(window(address), from, from + entries, spread);
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
        if (windowed) {
            return clearMatching(window(address), word(address), entries, mask, wanted, replicas);
        }
        int matching = 0;
        while (matching < entries && (memory.read64Acquire(address + 8L * matching) & mask) == wanted) {
            matching++;
        }
        int cleared = matching & -replicas;
        clear(address, cleared);
        return cleared;
    }

    /**
     * As {@link #clearMatching(long, int, long, long, int)}, in a window.
     *
     * @param window of {@link KnownTable}
     * @param at of {@link LeafWay#word}
     * @param entries at most
     * @param mask bits by which such leaves are told from others
     * @param wanted what those bits are
     * @param replicas equal entries of each leaf, a power of two
     * @return how many entries
     */
    public static int clearMatching(long[] window, int at, int entries, long mask, long wanted, int replicas) {
        if (entries == 1) {
            return clearOne(window, at, mask, wanted) ? 1 : 0;
        }
        int cleared = EntryRun.matching(window, at, at + entries, mask, wanted) & -replicas;
        EntryRun.clear(window, at, at + cleared);
        VarHandle.releaseFence();
        return cleared;
    }

    /**
     * Clears one entry of a window, if it is the wanted one.
     *
     * @param window of {@link KnownTable}
     * @param at of {@link LeafWay#word}
     * @param mask bits by which such leaves are told from others
     * @param wanted what those bits are
     * @return false if it is another
     */
    public static boolean clearOne(long[] window, int at, long mask, long wanted) {
        if ((window[at] & mask) != wanted) {
            return false;
        }
        put(window, at, 0);
        return true;
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
            put(window(address), word(address), 0);
        } else {
            int from = word(address);
            EntryRun.clear(window(address), from, from + entries);
            VarHandle.releaseFence();
        }
    }
}
