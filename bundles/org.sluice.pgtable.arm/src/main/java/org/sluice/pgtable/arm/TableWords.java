package org.sluice.pgtable.arm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
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

    private static final VarHandle KEPT;
    private static final VarHandle WINDOWS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            KEPT = lookup.findVarHandle(TableWords.class, "kept", Kept.class);
            WINDOWS = lookup.findVarHandle(TableWords.class, "windows", long[][].class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /** log2 of the windows that are kept at most: 64 GiB at 2 MiB a window. */
    private static final int MOST_KEPT_BITS = 15;

    private final PhysicalMemory memory;
    private final boolean windowed;
    /** Bits that tell leaves of one size from everything else at their level. */
    final long kinds;

    private final int windowShift;
    private final long windowMask;
    /** How a {@link TableCache}'s entry becomes the number of a window, and the table's first word in it. */
    final int entryShift;

    final int entryWordShift;
    final int wordMask;
    private final RampFill ramp;
    /** Read without a lock: immutable. */
    private Kept kept = Kept.none();
    /** The windows in it once more, for the short way: one load less, and one that acquires. */
    private long[][] windows = kept.windows;

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
     * Descriptors in a memory.
     *
     * @param groups whether there are leaves with the contiguous hint
     * @param granuleShift log2 of the unit in which remembered tables' addresses are
     */
    TableWords(PhysicalMemory memory, boolean groups, int granuleShift) {
        this.memory = memory;
        kinds = DescriptorRun.TYPE | (groups ? LeafSize.HINT : 0);
        windowed = memory.windowBytes() != 0;
        windowShift = windowed ? Long.numberOfTrailingZeros(memory.windowBytes()) : 0;
        windowMask = memory.windowBytes() - 1;
        entryShift = Math.max(0, windowShift - granuleShift);
        entryWordShift = granuleShift - 3;
        wordMask = (int) (windowMask >>> 3);
        ramp = new RampFill(1L << granuleShift);
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
        long number = address >>> windowShift;
        int place = now.place(number);
        return now.numbers[place] == number ? now.windows[place] : keep(address);
    }

    private synchronized long[] keep(long address) {
        long[] window = memory.window(address);
        long number = address >>> windowShift;
        Kept now = kept;
        if (now.numbers[now.place(number)] != number) {
            Kept next = now.with(number, window);
            if (next != null) {
                WINDOWS.setRelease(this, next.windows);
                KEPT.setRelease(this, next);
            }
        }
        return window;
    }

    /**
     * Whether a table may be remembered in a {@link TableCache}: where there are windows, its own must be kept, because
     * {@link #windows} has none to compare. A window that is kept stays so.
     */
    boolean mayBeRemembered(long table) {
        if (!windowed) {
            return true;
        }
        window(table);
        Kept now = (Kept) KEPT.getAcquire(this);
        return now.numbers[now.place(table >>> windowShift)] == table >>> windowShift;
    }

    /** Windows by the low bits of their numbers, which are not compared; a null where there are none. */
    long[][] windows() {
        return (long[][]) WINDOWS.getAcquire(this);
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

    /** Writes one leaf into a window, unless a valid descriptor is there. */
    static boolean putFree(long[] window, int at, long descriptor) {
        if ((window[at] & 1) != 0) {
            return false;
        }
        WORDS.setRelease(window, at, descriptor);
        return true;
    }

    /** Writes a run of leaves into a window, unless a valid descriptor is there: then nothing. */
    boolean fillFree(long[] window, int at, int entries, long descriptor, long step) {
        if ((DescriptorRun.or(window, at, at + entries) & 1) != 0) {
            return false;
        }
        ramp.fill(window, at, at + entries, descriptor, step);
        VarHandle.releaseFence();
        return true;
    }

    /**
     * Clears one leaf of a kind in a window; false if there is none.
     *
     * @param kind the bits of the mask that it has
     * @param kinds mask of bits that tell kinds apart
     */
    static boolean clearOne(long[] window, int at, long kind, long kinds) {
        if ((window[at] & kinds) != kind) {
            return false;
        }
        WORDS.setRelease(window, at, 0L);
        return true;
    }

    /** Clears leaves of a kind in a window, up to the first other descriptor; returns how many. */
    int clearLeaves(long[] window, int at, int entries, long kind) {
        int cleared = DescriptorRun.ofKind(window, at, at + entries, kind, kinds);
        DescriptorRun.clear(window, at, at + cleared);
        VarHandle.releaseFence();
        return cleared;
    }

    /** Reads a descriptor in a window. */
    static long load(long[] window, int at) {
        return (long) WORDS.getAcquire(window, at);
    }

    /** Writes a run of leaves whose addresses ascend by a step, unless a valid descriptor is there: then nothing. */
    boolean fillFree(long address, int entries, long descriptor, long step) {
        if (!windowed) {
            return fillFreeRemotely(address, entries, descriptor, step);
        }
        return entries == 1
                ? putFree(window(address), word(address), descriptor)
                : fillFree(window(address), word(address), entries, descriptor, step);
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
        if (entries == 1) {
            return clearOne(window(address), word(address), kind, kinds) ? 1 : 0;
        }
        return clearLeaves(window(address), word(address), entries, kind);
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
