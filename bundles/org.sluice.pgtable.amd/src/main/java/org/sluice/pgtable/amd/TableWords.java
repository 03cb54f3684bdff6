package org.sluice.pgtable.amd;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
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

    TableWords(PhysicalMemory memory) {
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

    /** Whether {@link #replace} excludes the device too, and not only our threads. */
    boolean atomicWithDevice() {
        return memory.atomicWithDevice();
    }

    long load(long address) {
        return windowed ? (long) WORDS.getAcquire(window(address), word(address)) : memory.read64Acquire(address);
    }

    /** Writes an entry of a table that nobody reaches yet. */
    void store(long address, long descriptor) {
        if (windowed) {
            WORDS.setRelease(window(address), word(address), descriptor);
        } else {
            memory.write64Release(address, descriptor);
        }
    }

    /** Replaces a descriptor; false if another thread was first. */
    boolean replace(long address, long expected, long descriptor) {
        return windowed
                ? WORDS.compareAndSet(window(address), word(address), expected, descriptor)
                : memory.compareAndSet64(address, expected, descriptor);
    }

    /**
     * Writes leaves whose addresses ascend by their size, unless an entry there is present: then nothing.
     *
     * @param address of the first entry
     * @param entries of all leaves together, a multiple of the size's replicas
     * @param descriptor of the first leaf
     */
    boolean fillFree(long address, int entries, long descriptor, LeafSize size) {
        if (!windowed) {
            return fillFreeRemotely(address, entries, descriptor, size);
        }
        long[] window = window(address);
        int from = word(address);
        if (entries == 1) {
            if (Pte.isPresent(window[from])) {
                return false;
            }
            WORDS.setRelease(window, from, descriptor);
            return true;
        }
        if (Pte.isPresent(DescriptorRun.or(window, from, from + entries))) {
            return false;
        }
        if (size.replicas == 1) {
            DescriptorRun.fill(window, from, from + entries, descriptor, size.bytes());
        } else {
            DescriptorRun.repeat(window, from, from + entries, descriptor, size);
        }
        VarHandle.releaseFence();
        return true;
    }

    private boolean fillFreeRemotely(long address, int entries, long descriptor, LeafSize size) {
        for (int i = 0; i < entries; i++) {
            if (Pte.isPresent(memory.read64Acquire(address + 8L * i))) {
                return false;
            }
        }
        for (int i = 0; i < entries; i++) {
            memory.write64Release(address + 8L * i, descriptor + i / size.replicas * size.bytes());
        }
        return true;
    }

    /** Clears whole leaves of one size up to the first other entry; returns how many entries. */
    int clearLeaves(long address, int entries, LeafSize size) {
        if (!windowed) {
            return clearLeavesRemotely(address, entries, size);
        }
        long[] window = window(address);
        int from = word(address);
        if (entries == 1) {
            if ((window[from] & size.mask) != size.code) {
                return 0;
            }
            WORDS.setRelease(window, from, 0L);
            return 1;
        }
        int cleared = DescriptorRun.ofKind(window, from, from + entries, size.mask, size.code) & -size.replicas;
        DescriptorRun.clear(window, from, from + cleared);
        VarHandle.releaseFence();
        return cleared;
    }

    private int clearLeavesRemotely(long address, int entries, LeafSize size) {
        int cleared = 0;
        while (cleared < entries && (memory.read64Acquire(address + 8L * cleared) & size.mask) == size.code) {
            cleared++;
        }
        cleared &= -size.replicas;
        clear(address, cleared);
        return cleared;
    }

    /** Clears entries, whatever they are. */
    void clear(long address, int entries) {
        if (entries != 0) {
            if (windowed) {
                int from = word(address);
                DescriptorRun.clear(window(address), from, from + entries);
                VarHandle.releaseFence();
            } else {
                memory.clear(address, 8L * entries);
            }
        }
    }
}
