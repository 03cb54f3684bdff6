package org.sluice.smmuv3.driver;

import java.util.Map;
import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.PageAllocator;

/** First fit over the test's memory; can be told to run out. */
final class TestAllocator implements PageAllocator {
    private final TestMemory memory;
    private final TreeMap<Long, Long> allocations = new TreeMap<>();
    private int allowed = Integer.MAX_VALUE;

    TestAllocator(TestMemory memory) {
        this.memory = memory;
    }

    /** Only this many allocations succeed from now on. */
    synchronized void allow(int count) {
        allowed = count;
    }

    synchronized Map<Long, Long> allocations() {
        return new TreeMap<>(allocations);
    }

    @Override
    public synchronized long allocate(long bytes, long alignment) {
        if (allowed-- <= 0) {
            throw new IommuException(Errno.ENOMEM, "the test allows no more");
        }
        long size = rounded(bytes);
        long align = Math.max(size, alignment);
        for (long at = TestMemory.BASE; at + size <= TestMemory.BASE + memory.bytes(); at += align) {
            Map.Entry<Long, Long> below = allocations.floorEntry(at + size - 1);
            if (below == null || below.getKey() + below.getValue() <= at) {
                allocations.put(at, size);
                memory.clear(at, size);
                return at;
            }
        }
        throw new IommuException(Errno.ENOMEM, "the test's memory is full");
    }

    @Override
    public synchronized long allocateBelow(long bytes, long alignment, long lastAddress) {
        return allocate(bytes, alignment);
    }

    @Override
    public synchronized void free(long address, long bytes) {
        if (!isAllocated(address, bytes)) {
            throw new IommuException(Errno.EINVAL, String.format("0x%x+0x%x is not allocated", address, bytes));
        }
        allocations.remove(address);
    }

    @Override
    public synchronized boolean isAllocated(long address, long bytes) {
        return Long.valueOf(rounded(bytes)).equals(allocations.get(address));
    }

    @Override
    public synchronized long allocatedBytes() {
        return allocations.values().stream().mapToLong(Long::longValue).sum();
    }

    private static long rounded(long bytes) {
        return Math.max(64, Long.highestOneBit(2 * bytes - 1));
    }
}
