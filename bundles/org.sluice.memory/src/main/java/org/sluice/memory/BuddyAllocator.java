package org.sluice.memory;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * A buddy allocator over a pool: blocks of 4 KiB to 1 GiB, and cells of 64 bytes to 2 KiB inside pages. It takes the lowest
 * address that fits. Its books are beside the memory, not in it, so a stray DMA cannot corrupt them.
 *
 * <p>Any thread may call it; one lock guards the books, zeroing happens outside it.
 */
final class BuddyAllocator implements PageAllocator {
    /** Pool size in bytes that the books can number. */
    static final long LARGEST_POOL = 1L << 38;

    private static final long PAGE_BYTES = 1L << PageBlocks.PAGE_SHIFT;
    private static final long SMALLEST = 1L << CellPages.CELL_SHIFT;
    private static final long LARGEST = PAGE_BYTES << PageBlocks.LARGEST_ORDER;

    private final PhysicalMemory memory;
    private final MemoryRegion pool;
    private final Object lock = new Object();
    private final PageBlocks blocks;
    private final CellPages cells;
    private long allocated;

    BuddyAllocator(PhysicalMemory memory, MemoryRegion pool) {
        if (!memory.contains(pool.base(), pool.size())) {
            throw new IommuException(Errno.EINVAL, "pool " + pool + " is not all memory, which is " + memory);
        }
        if (((pool.base() | pool.size()) & PAGE_BYTES - 1) != 0) {
            throw new IommuException(Errno.EINVAL, "pool " + pool + " is not in multiples of " + PAGE_BYTES + " bytes");
        }
        if (Long.compareUnsigned(pool.size(), LARGEST_POOL) > 0) {
            throw new IommuException(
                    Errno.EINVAL, "pool " + pool + " is larger than the limit of " + LARGEST_POOL + " bytes");
        }
        this.memory = memory;
        this.pool = pool;
        blocks = new PageBlocks(pool);
        cells = new CellPages(blocks);
    }

    @Override
    public long allocate(long bytes, long alignment) {
        return allocateBelow(bytes, alignment, -1L);
    }

    @Override
    public long allocateBelow(long bytes, long alignment, long lastAddress) {
        if (alignment <= 0 || Long.bitCount(alignment) != 1) {
            throw new IommuException(
                    Errno.EINVAL, String.format("alignment 0x%x of an allocation is not a power of two", alignment));
        }
        long size = rounded(bytes);
        if (size > LARGEST || alignment > LARGEST) {
            throw new IommuException(
                    Errno.ENOMEM,
                    String.format(
                            "allocation of 0x%x bytes, aligned to 0x%x: the limit is 0x%x", bytes, alignment, LARGEST));
        }
        long address;
        synchronized (lock) {
            address = take(size, alignment, lastAddress);
            if (address == -1) {
                throw new IommuException(
                        Errno.ENOMEM,
                        String.format(
                                "no free block of 0x%x bytes, aligned to 0x%x, up to 0x%x in pool %s: 0x%x bytes are allocated",
                                size, alignment, lastAddress, pool, allocated));
            }
            allocated += size;
        }
        memory.clear(address, size);
        return address;
    }

    private long take(long size, long alignment, long last) {
        if (size < PAGE_BYTES) {
            return cells.take(cellOrder(size), alignment, last);
        }
        int page = blocks.take(blockOrder(size), Math.max(0, blockOrder(alignment)), last);
        return page < 0 ? -1 : blocks.address(page);
    }

    @Override
    public void free(long address, long bytes) {
        long size = rounded(bytes);
        synchronized (lock) {
            if (!isHandedOut(address, size)) {
                throw new IommuException(
                        Errno.EINVAL,
                        String.format(
                                "free of 0x%x bytes at 0x%x: no allocation of that size is there, in pool %s",
                                bytes, address, pool));
            }
            int page = blocks.page(address);
            if (size < PAGE_BYTES) {
                cells.giveBack(page, cell(address), cellOrder(size));
            } else {
                blocks.giveBack(page, blockOrder(size));
            }
            allocated -= size;
        }
    }

    @Override
    public boolean isAllocated(long address, long bytes) {
        long size = rounded(bytes);
        synchronized (lock) {
            return isHandedOut(address, size);
        }
    }

    private boolean isHandedOut(long address, long size) {
        int page = blocks.page(address);
        if (page < 0 || size > LARGEST) {
            return false;
        }
        if (size < PAGE_BYTES) {
            return (address & SMALLEST - 1) == 0
                    && blocks.isSplit(page)
                    && cells.isHead(page, cell(address), cellOrder(size));
        }
        return (address & PAGE_BYTES - 1) == 0 && blocks.isHead(page, blockOrder(size));
    }

    @Override
    public long allocatedBytes() {
        synchronized (lock) {
            return allocated;
        }
    }

    private static long rounded(long bytes) {
        if (bytes <= 0 || bytes > 1L << 62) {
            throw new IommuException(
                    Errno.EINVAL, String.format("size 0x%x of an allocation is not between 1 and 2^62 bytes", bytes));
        }
        return bytes <= SMALLEST ? SMALLEST : Long.highestOneBit(bytes - 1) << 1;
    }

    private static int cell(long address) {
        return (int) (address & PAGE_BYTES - 1) >>> CellPages.CELL_SHIFT;
    }

    private static int cellOrder(long size) {
        return Long.numberOfTrailingZeros(size) - CellPages.CELL_SHIFT;
    }

    private static int blockOrder(long size) {
        return Long.numberOfTrailingZeros(size) - PageBlocks.PAGE_SHIFT;
    }
}
