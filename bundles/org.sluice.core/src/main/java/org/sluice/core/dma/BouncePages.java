package org.sluice.core.dma;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * Pages that stand in for pages of which a device may see only a part: the rest of them is zero. Allocated in chunks that are
 * kept until the device goes. Any thread may call it; one at a time is served.
 */
final class BouncePages {
    /** First chunk; each further one is twice as large. */
    private static final int FIRST_CHUNK = 16;

    /** Pages in one piece of memory. */
    private static final class Chunk {
        final long base;
        final long[] original; // where the bytes belong
        final int[] length; // 0 for a page that is not in use

        Chunk(long base, int pages) {
            this.base = base;
            this.original = new long[pages];
            this.length = new int[pages];
        }
    }

    private final PhysicalMemory memory;
    private final PageAllocator allocator;
    private final long page;
    private final List<Chunk> chunks = new ArrayList<>(); // guarded by this
    private final byte[] bytes; // guarded by this
    private int used; // guarded by this

    BouncePages(PhysicalMemory memory, PageAllocator allocator, long page) {
        this.memory = memory;
        this.allocator = allocator;
        this.page = page;
        this.bytes = new byte[(int) page];
    }

    /**
     * Takes a page for a part of one.
     *
     * @param original physical address of the first byte of the part
     * @param length bytes, all in one page
     * @return physical address of a page that has the part's bytes at the same offset and is zero elsewhere
     */
    synchronized long take(long original, int length) {
        for (Chunk chunk : chunks) {
            for (int i = 0; i < chunk.length.length; i++) {
                if (chunk.length[i] == 0) {
                    return fill(chunk, i, original, length);
                }
            }
        }
        int pages = FIRST_CHUNK << chunks.size();
        Chunk fresh = new Chunk(allocator.allocate(pages * page, page), pages);
        chunks.add(fresh);
        return fill(fresh, 0, original, length);
    }

    private long fill(Chunk chunk, int index, long original, int length) {
        long address = chunk.base + index * page;
        memory.clear(address, page);
        copy(original, address + (original & page - 1), length);
        chunk.original[index] = original;
        chunk.length[index] = length;
        used++;
        return address;
    }

    private void copy(long from, long to, int length) {
        memory.read(from, bytes, 0, length);
        memory.write(to, bytes, 0, length);
    }

    /** Whether a page is one of these, in use. */
    synchronized boolean holds(long address) {
        Chunk chunk = chunkOf(address);
        return chunk != null && chunk.length[(int) ((address - chunk.base) / page)] != 0;
    }

    /** Copies what overlaps [from, from + size) of the page's bytes back to where they belong, or from there. */
    synchronized void sync(long address, long from, long size, boolean back) {
        Chunk chunk = chunkOf(address);
        int index = (int) ((address - chunk.base) / page);
        long first = Math.max(from, chunk.original[index] & page - 1);
        long end = Math.min(from + size, (chunk.original[index] & page - 1) + chunk.length[index]);
        if (first < end) {
            long outside = (chunk.original[index] & -page) + first;
            long inside = address + first;
            copy(back ? inside : outside, back ? outside : inside, (int) (end - first));
        }
    }

    /** Gives a page back; the device does not reach it any more. */
    synchronized void give(long address) {
        Chunk chunk = chunkOf(address);
        chunk.length[(int) ((address - chunk.base) / page)] = 0;
        used--;
    }

    /** Bytes of a page. */
    long size() {
        return page;
    }

    synchronized int inUse() {
        return used;
    }

    private Chunk chunkOf(long address) {
        for (Chunk chunk : chunks) {
            if (address >= chunk.base && address - chunk.base < chunk.length.length * page) {
                return chunk;
            }
        }
        return null;
    }
}
