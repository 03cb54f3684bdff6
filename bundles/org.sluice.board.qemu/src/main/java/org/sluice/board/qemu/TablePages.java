package org.sluice.board.qemu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.sluice.spi.memory.MemoryRegion;

/**
 * Copies of pages that the driver alone writes. A page is admitted when software uses it as a table (by compare-and-set or
 * with release) and it belongs whole to one allocation of the board's allocator; never a page of a queue that the device
 * writes, and never one that software only fills and reads, as DMA buffers are. What a device writes over a table that it
 * was let at is not seen here.
 *
 * <p>Reading a copy takes no lock. Whoever writes a page holds {@link #lock} of it, sends the write first and changes the
 * copy then, so that a value read from a copy is ordered before everything that its reader sends.
 */
final class TablePages {
    static final int PAGE_BYTES = 4096;

    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int STRIPES = 64;
    private static final byte UNKNOWN = 0;
    private static final byte WHOLE = 1;
    private static final byte NEVER = 2;

    private final MemoryRegion region;
    private final AtomicReferenceArray<long[]> copies;
    private final byte[] kinds;
    private final Object[] locks = new Object[STRIPES];

    TablePages(MemoryRegion region) {
        this.region = region;
        int pages = Math.toIntExact(region.size() / PAGE_BYTES);
        copies = new AtomicReferenceArray<>(pages);
        kinds = new byte[pages];
        for (int i = 0; i < STRIPES; i++) {
            locks[i] = new Object();
        }
    }

    private int page(long address) {
        return (int) ((address - region.base()) / PAGE_BYTES);
    }

    private static int word(long address) {
        return (int) (address & PAGE_BYTES - 1) >>> 3;
    }

    /** Guards the copy of a page. */
    Object lock(long address) {
        return locks[page(address) % STRIPES];
    }

    /** The copy that has an address, or null. */
    long[] copy(long address) {
        return copies.get(page(address));
    }

    static long get(long[] copy, long address) {
        return (long) WORDS.getOpaque(copy, word(address));
    }

    static long getAcquire(long[] copy, long address) {
        return (long) WORDS.getAcquire(copy, word(address));
    }

    static void set(long[] copy, long address, long value) {
        WORDS.setRelease(copy, word(address), value);
    }

    /** Whether a copy may be made; under the page's lock. */
    boolean admits(long address) {
        return kinds[page(address)] == WHOLE;
    }

    /** Keeps a copy; under the page's lock. */
    void admit(long address, long[] words) {
        copies.set(page(address), words);
    }

    /** Forgets the copy; under the page's lock. */
    void drop(long address) {
        copies.set(page(address), null);
    }

    /** An allocation was made: nobody else's data is in its pages if it has whole ones. */
    void allocated(long address, long bytes) {
        if (bytes >= PAGE_BYTES) {
            mark(address, bytes, WHOLE);
        }
    }

    /** An allocation was given back. */
    void freed(long address, long bytes) {
        if (bytes >= PAGE_BYTES) {
            mark(address, bytes, UNKNOWN);
        }
    }

    /** The device writes there. */
    void exclude(long address, long bytes) {
        long first = Math.max(address & -PAGE_BYTES, region.base());
        long end = Math.min(address + bytes, region.last() + 1);
        if (Long.compareUnsigned(first, end) < 0) {
            mark(first, end - first, NEVER);
        }
    }

    private void mark(long address, long bytes, byte kind) {
        for (long at = address; at - address < bytes; at += PAGE_BYTES) {
            synchronized (lock(at)) {
                drop(at);
                kinds[page(at)] = kind;
            }
        }
    }

    /** Pages that have a copy. */
    long count() {
        long count = 0;
        for (int i = 0; i < copies.length(); i++) {
            count += copies.get(i) == null ? 0 : 1;
        }
        return count;
    }
}
