package org.sluice.smmuv3.driver;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.sluice.spi.memory.MemoryAbortException;
import org.sluice.spi.memory.PhysicalMemory;

/** A small memory of one array, which counts its writes. */
final class TestMemory implements PhysicalMemory {
    static final long BASE = 0x4000_0000L;

    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] words;
    private final AtomicLong writes = new AtomicLong();

    TestMemory(int bytes) {
        words = new long[bytes / Long.BYTES];
    }

    long writes() {
        return writes.get();
    }

    long bytes() {
        return (long) words.length * Long.BYTES;
    }

    private int index(long address) {
        long index = address - BASE >>> 3;
        if (address < BASE || index >= words.length || (address & 7) != 0) {
            throw new MemoryAbortException(address, String.format("0x%x is outside the test's memory", address));
        }
        return (int) index;
    }

    @Override
    public boolean contains(long address, long bytes) {
        return address >= BASE && address + bytes <= BASE + bytes();
    }

    @Override
    public long read64(long address) {
        return (long) WORDS.getOpaque(words, index(address));
    }

    @Override
    public void write64(long address, long value) {
        writes.incrementAndGet();
        WORDS.setOpaque(words, index(address), value);
    }

    @Override
    public long read64Acquire(long address) {
        return (long) WORDS.getAcquire(words, index(address));
    }

    @Override
    public void write64Release(long address, long value) {
        writes.incrementAndGet();
        WORDS.setRelease(words, index(address), value);
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        writes.incrementAndGet();
        return WORDS.compareAndSet(words, index(address), expected, value);
    }

    @Override
    public boolean atomicWithDevice() {
        return true;
    }

    @Override
    public void clear(long address, long bytes) {
        for (long at = address; at < address + bytes; at += Long.BYTES) {
            write64(at, 0);
        }
    }

    @Override
    public long windowBytes() {
        return 0;
    }

    @Override
    public long[] window(long address) {
        return null;
    }

    @Override
    public byte read8(long address) {
        throw unused();
    }

    @Override
    public int read32(long address) {
        throw unused();
    }

    @Override
    public void write8(long address, byte value) {
        throw unused();
    }

    @Override
    public void write32(long address, int value) {
        throw unused();
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        throw unused();
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        throw unused();
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        throw unused();
    }

    private static UnsupportedOperationException unused() {
        return new UnsupportedOperationException("the driver works on 64-bit words");
    }
}
