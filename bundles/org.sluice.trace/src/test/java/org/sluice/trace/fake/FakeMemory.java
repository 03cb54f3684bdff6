package org.sluice.trace.fake;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.sluice.spi.memory.PhysicalMemory;

/** Memory everywhere, a page at a time; byte runs and 64-bit reads only. */
final class FakeMemory implements PhysicalMemory {
    private static final int PAGE = 4096;

    private final Map<Long, byte[]> pages = new ConcurrentHashMap<>();

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        System.arraycopy(page(address), (int) address & PAGE - 1, target, offset, length);
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        System.arraycopy(source, offset, page(address), (int) address & PAGE - 1, length);
    }

    @Override
    public void clear(long address, long bytes) {
        write(address, new byte[(int) bytes], 0, (int) bytes);
    }

    @Override
    public long read64(long address) {
        byte[] bytes = new byte[Long.BYTES];
        read(address, bytes, 0, Long.BYTES);
        long value = 0;
        for (int index = Long.BYTES - 1; index >= 0; index--) {
            value = value << Byte.SIZE | bytes[index] & 0xff;
        }
        return value;
    }

    @Override
    public long windowBytes() {
        return 0;
    }

    @Override
    public boolean contains(long address, long bytes) {
        return true;
    }

    private byte[] page(long address) {
        return pages.computeIfAbsent(address / PAGE, key -> new byte[PAGE]);
    }

    @Override
    public byte read8(long address) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int read32(long address) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void write8(long address, byte value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void write32(long address, int value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void write64(long address, long value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long read64Acquire(long address) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void write64Release(long address, long value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean atomicWithDevice() {
        return true;
    }

    @Override
    public long[] window(long address) {
        return null;
    }
}
