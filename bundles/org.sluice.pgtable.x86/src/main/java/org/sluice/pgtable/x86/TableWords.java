package org.sluice.pgtable.x86;

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
final class TableWords {
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Windows that are kept, from the lowest to the highest in use: 64 GiB at 2 MiB a window. */
    private static final int MOST_KEPT = 1 << 15;

    private final PhysicalMemory memory;
    private final EntryCode code;
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

    TableWords(PhysicalMemory memory, EntryCode code) {
        this.code = code;
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

    long load(long address) {
        return windowed ? (long) WORDS.getAcquire(window(address), word(address)) : memory.read64Acquire(address);
    }

    /** Replaces an entry; false if another thread was first. */
    boolean replace(long address, long expected, long entry) {
        return windowed
                ? WORDS.compareAndSet(window(address), word(address), expected, entry)
                : memory.compareAndSet64(address, expected, entry);
    }

    /** Writes a run of leaves whose addresses ascend by a step, unless something is mapped there: then nothing. */
    boolean fillFree(long address, int entries, long leaf, long step) {
        if (!windowed) {
            return fillFreeRemotely(address, entries, leaf, step);
        }
        long[] window = window(address);
        int from = word(address);
        if (entries == 1) {
            if (code.isPresent(window[from])) {
                return false;
            }
            WORDS.setRelease(window, from, leaf);
            return true;
        }
        if (code.isPresent(EntryRun.or(window, from, from + entries))) {
            return false;
        }
        EntryRun.fill(window, from, from + entries, leaf, step);
        VarHandle.releaseFence();
        return true;
    }

    private boolean fillFreeRemotely(long address, int entries, long leaf, long step) {
        for (int i = 0; i < entries; i++) {
            if (code.isPresent(memory.read64Acquire(address + 8L * i))) {
                return false;
            }
        }
        for (int i = 0; i < entries; i++) {
            memory.write64Release(address + 8L * i, leaf + i * step);
        }
        return true;
    }

    /** Clears pages up to the first empty entry; returns how many. */
    int clearPages(long address, int entries) {
        int pages = windowed ? pages(address, entries) : pagesRemotely(address, entries);
        if (pages != 0) {
            clear(address, pages);
        }
        return pages;
    }

    private int pages(long address, int entries) {
        int from = word(address);
        return EntryRun.present(window(address), from, from + entries, code.spread);
    }

    private int pagesRemotely(long address, int entries) {
        int pages = 0;
        while (pages < entries && code.isPresent(memory.read64Acquire(address + 8L * pages))) {
            pages++;
        }
        return pages;
    }

    /** Empties a run of entries. */
    void clear(long address, int entries) {
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
