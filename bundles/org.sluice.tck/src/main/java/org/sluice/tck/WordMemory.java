package org.sluice.tck;

import java.util.Arrays;
import org.sluice.spi.memory.PhysicalMemory;

/** A memory without windows, as a remote one is, that tells of every write before it happens. */
final class WordMemory implements PhysicalMemory {
    /** Sees writes. */
    interface Watcher {
        /** A write of a value that is not 0 for every cleared byte. */
        void write(long address, long value);
    }

    private final PhysicalMemory memory;
    private final Watcher watcher;

    WordMemory(PhysicalMemory memory, Watcher watcher) {
        this.memory = memory;
        this.watcher = watcher;
    }

    @Override
    public boolean contains(long address, long bytes) {
        return memory.contains(address, bytes);
    }

    @Override
    public byte read8(long address) {
        return memory.read8(address);
    }

    @Override
    public int read32(long address) {
        return memory.read32(address);
    }

    @Override
    public long read64(long address) {
        return memory.read64(address);
    }

    @Override
    public long read64Acquire(long address) {
        return memory.read64Acquire(address);
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        memory.read(address, target, offset, length);
    }

    @Override
    public void write8(long address, byte value) {
        watcher.write(address, value);
        memory.write8(address, value);
    }

    @Override
    public void write32(long address, int value) {
        watcher.write(address, value);
        memory.write32(address, value);
    }

    @Override
    public void write64(long address, long value) {
        watcher.write(address, value);
        memory.write64(address, value);
    }

    @Override
    public void write64Release(long address, long value) {
        watcher.write(address, value);
        memory.write64Release(address, value);
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        watcher.write(address, value);
        return memory.compareAndSet64(address, expected, value);
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        watcher.write(address, value);
        return memory.compareAndSet32(address, expected, value);
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        watcher.write(address, Arrays.hashCode(Arrays.copyOfRange(source, offset, offset + length)));
        memory.write(address, source, offset, length);
    }

    @Override
    public void clear(long address, long bytes) {
        watcher.write(address, 0);
        memory.clear(address, bytes);
    }

    @Override
    public boolean atomicWithDevice() {
        return memory.atomicWithDevice();
    }

    @Override
    public long windowBytes() {
        return 0;
    }

    @Override
    public long[] window(long address) {
        return null;
    }
}
