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
    private final Interruptions interruptions;
    private final Watcher watcher;
    private boolean atomicWithDevice;

    WordMemory(PhysicalMemory memory, Interruptions interruptions, Watcher watcher) {
        this.memory = memory;
        this.interruptions = interruptions;
        this.watcher = watcher;
        atomicWithDevice = memory.atomicWithDevice();
    }

    /** Like a memory behind a wire, whose compare-and-set is atomic among its own users only. */
    void withoutAtomicAccess() {
        atomicWithDevice = false;
    }

    private long seen(long address, long word) {
        interruptions.read(address);
        return word;
    }

    private void writes(long address, long value) {
        interruptions.write();
        watcher.write(address, value);
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
        return seen(address, memory.read64(address));
    }

    @Override
    public long read64Acquire(long address) {
        return seen(address, memory.read64Acquire(address));
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        memory.read(address, target, offset, length);
    }

    @Override
    public void write8(long address, byte value) {
        writes(address, value);
        memory.write8(address, value);
    }

    @Override
    public void write32(long address, int value) {
        writes(address, value);
        memory.write32(address, value);
    }

    @Override
    public void write64(long address, long value) {
        writes(address, value);
        memory.write64(address, value);
    }

    @Override
    public void write64Release(long address, long value) {
        writes(address, value);
        memory.write64Release(address, value);
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        writes(address, value);
        return memory.compareAndSet64(address, expected, value);
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        writes(address, value);
        return memory.compareAndSet32(address, expected, value);
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        writes(address, Arrays.hashCode(Arrays.copyOfRange(source, offset, offset + length)));
        memory.write(address, source, offset, length);
    }

    @Override
    public void clear(long address, long bytes) {
        writes(address, 0);
        memory.clear(address, bytes);
    }

    @Override
    public boolean atomicWithDevice() {
        return atomicWithDevice;
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
