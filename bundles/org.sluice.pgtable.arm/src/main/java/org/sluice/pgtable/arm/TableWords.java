package org.sluice.pgtable.arm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Descriptors in memory. Windows of the memory are kept, so that the usual access is an array element whichever
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
    private final boolean windowed;
    /** Bits that tell leaves of one size from everything else at their level. */
    private final long kinds;

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
     * Descriptors in a memory.
     *
     * @param groups whether there are leaves with the contiguous hint
     */
    TableWords(PhysicalMemory memory, boolean groups) {
        this.memory = memory;
        kinds = DescriptorRun.TYPE | (groups ? LeafSize.HINT : 0);
        windowed = memory.windowBytes() != 0;
        windowShift = windowed ? Long.numberOfTrailingZeros(memory.windowBytes()) : 0;
        windowMask = memory.windowBytes() - 1;
    }

    /**
     * Refuses what would lose a mark that the device makes at the same moment.
     *
     * @throws IommuException EOPNOTSUPP when compare-and-set excludes only our threads
     */
    void needAtomicWithDevice(String operation) {
        if (!memory.atomicWithDevice()) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    operation + " could lose dirty marks: this memory has no atomic access with the device");
        }
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

    /** Replaces a descriptor; false if another thread was first. */
    boolean replace(long address, long expected, long descriptor) {
        return windowed
                ? WORDS.compareAndSet(window(address), word(address), expected, descriptor)
                : memory.compareAndSet64(address, expected, descriptor);
    }

    /** Writes one leaf, unless a valid descriptor is there. */
    boolean putFree(long address, long descriptor) {
        if (!windowed) {
            return fillFreeRemotely(address, 1, descriptor, 0);
        }
        long[] window = window(address);
        int at = word(address);
        if ((window[at] & 1) != 0) {
            return false;
        }
        WORDS.setRelease(window, at, descriptor);
        return true;
    }

    /** Clears one leaf of a kind; false if there is none. */
    boolean clearOne(long address, long kind) {
        if (!windowed) {
            return clearLeavesRemotely(address, 1, kind) == 1;
        }
        long[] window = window(address);
        int at = word(address);
        if ((window[at] & kinds) != kind) {
            return false;
        }
        WORDS.setRelease(window, at, 0L);
        return true;
    }

    /** Writes a run of leaves whose addresses ascend by a step, unless a valid descriptor is there: then nothing. */
    boolean fillFree(long address, int entries, long descriptor, long step) {
        if (!windowed) {
            return fillFreeRemotely(address, entries, descriptor, step);
        }
        long[] window = window(address);
        int from = word(address);
        if (entries == 1) {
            if ((window[from] & 1) != 0) {
                return false;
            }
            WORDS.setRelease(window, from, descriptor);
            return true;
        }
        if ((DescriptorRun.or(window, from, from + entries) & 1) != 0) {
            return false;
        }
        DescriptorRun.fill(window, from, from + entries, descriptor, step);
        VarHandle.releaseFence();
        return true;
    }

    private boolean fillFreeRemotely(long address, int entries, long descriptor, long step) {
        for (int i = 0; i < entries; i++) {
            if ((memory.read64Acquire(address + 8L * i) & 1) != 0) {
                return false;
            }
        }
        for (int i = 0; i < entries; i++) {
            memory.write64Release(address + 8L * i, descriptor + i * step);
        }
        return true;
    }

    /** Clears leaves of one kind up to the first other descriptor; returns how many. */
    int clearLeaves(long address, int entries, long kind) {
        if (!windowed) {
            return clearLeavesRemotely(address, entries, kind);
        }
        long[] window = window(address);
        int from = word(address);
        if (entries == 1) {
            if ((window[from] & kinds) != kind) {
                return 0;
            }
            WORDS.setRelease(window, from, 0L);
            return 1;
        }
        int cleared = DescriptorRun.ofKind(window, from, from + entries, kind, kinds);
        DescriptorRun.clear(window, from, from + cleared);
        VarHandle.releaseFence();
        return cleared;
    }

    private int clearLeavesRemotely(long address, int entries, long kind) {
        int cleared = 0;
        while (cleared < entries && (memory.read64Acquire(address + 8L * cleared) & kinds) == kind) {
            cleared++;
        }
        if (cleared > 0) {
            memory.clear(address, 8L * cleared);
        }
        return cleared;
    }
}
