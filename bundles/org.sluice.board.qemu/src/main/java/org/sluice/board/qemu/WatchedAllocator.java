package org.sluice.board.qemu;

import org.sluice.spi.memory.PageAllocator;

/** Tells the copies of tables what is allocated: whose a page is decides whether it may have one. */
final class WatchedAllocator implements PageAllocator {
    private final PageAllocator allocator;
    private final TablePages pages;

    WatchedAllocator(PageAllocator allocator, TablePages pages) {
        this.allocator = allocator;
        this.pages = pages;
    }

    @Override
    public long allocate(long bytes, long alignment) {
        long address = allocator.allocate(bytes, alignment);
        pages.allocated(address, bytes);
        return address;
    }

    @Override
    public long allocateBelow(long bytes, long alignment, long lastAddress) {
        long address = allocator.allocateBelow(bytes, alignment, lastAddress);
        pages.allocated(address, bytes);
        return address;
    }

    /** The mark goes before the memory does: the next owner may have it at once. */
    @Override
    public void free(long address, long bytes) {
        if (allocator.isAllocated(address, bytes)) {
            pages.freed(address, bytes);
        }
        allocator.free(address, bytes);
    }

    @Override
    public boolean isAllocated(long address, long bytes) {
        return allocator.isAllocated(address, bytes);
    }

    @Override
    public long allocatedBytes() {
        return allocator.allocatedBytes();
    }
}
