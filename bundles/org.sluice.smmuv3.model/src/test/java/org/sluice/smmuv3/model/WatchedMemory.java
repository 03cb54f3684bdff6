package org.sluice.smmuv3.model;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongConsumer;
import org.sluice.spi.memory.PhysicalMemory;

/** A memory that tells of what was read before it hands it out: words to {@link #onRead}; of data before it moves, to {@link #onData}. */
final class WatchedMemory implements PhysicalMemory {
    final List<Long> reads = new CopyOnWriteArrayList<>();
    volatile LongConsumer onRead = reads::add;
    volatile LongConsumer onData = address -> {};
    private final PhysicalMemory memory;
    private final boolean windows;

    /** One without windows, so that the model takes reads of it for something that may have effects. */
    WatchedMemory(PhysicalMemory memory) {
        this(memory, false);
    }

    /** One that may have the windows of the memory that it watches. */
    WatchedMemory(PhysicalMemory memory, boolean windows) {
        this.memory = memory;
        this.windows = windows;
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
        long word = memory.read64(address);
        onRead.accept(address);
        return word;
    }

    @Override
    public void write8(long address, byte value) {
        memory.write8(address, value);
    }

    @Override
    public void write32(long address, int value) {
        memory.write32(address, value);
    }

    @Override
    public void write64(long address, long value) {
        memory.write64(address, value);
    }

    @Override
    public long read64Acquire(long address) {
        long word = memory.read64Acquire(address);
        onRead.accept(address);
        return word;
    }

    @Override
    public void write64Release(long address, long value) {
        memory.write64Release(address, value);
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        return memory.compareAndSet64(address, expected, value);
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        return memory.compareAndSet32(address, expected, value);
    }

    @Override
    public boolean atomicWithDevice() {
        return memory.atomicWithDevice();
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        onData.accept(address);
        memory.read(address, target, offset, length);
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        onData.accept(address);
        memory.write(address, source, offset, length);
    }

    @Override
    public void clear(long address, long bytes) {
        memory.clear(address, bytes);
    }

    @Override
    public long windowBytes() {
        return windows ? memory.windowBytes() : 0;
    }

    @Override
    public long[] window(long address) {
        return windows ? memory.window(address) : null;
    }

    @Override
    public long[] writtenWindow(long address) {
        return windows ? memory.writtenWindow(address) : null;
    }
}
