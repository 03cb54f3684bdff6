package org.sluice.board.model;

import org.sluice.spi.memory.PhysicalMemory;

/** Defect {@code wrong-pa}: every access lands in the neighbouring page, also through windows, which it does not have. */
final class ShiftedMemory implements PhysicalMemory {
    private static final long PAGE_BYTES = 0x1000;

    private final PhysicalMemory memory;

    ShiftedMemory(PhysicalMemory memory) {
        this.memory = memory;
    }

    private static long shift(long address) {
        return address ^ PAGE_BYTES;
    }

    @Override
    public boolean contains(long address, long bytes) {
        return memory.contains(shift(address), bytes);
    }

    @Override
    public byte read8(long address) {
        return memory.read8(shift(address));
    }

    @Override
    public int read32(long address) {
        return memory.read32(shift(address));
    }

    @Override
    public long read64(long address) {
        return memory.read64(shift(address));
    }

    @Override
    public void write8(long address, byte value) {
        memory.write8(shift(address), value);
    }

    @Override
    public void write32(long address, int value) {
        memory.write32(shift(address), value);
    }

    @Override
    public void write64(long address, long value) {
        memory.write64(shift(address), value);
    }

    @Override
    public long read64Acquire(long address) {
        return memory.read64Acquire(shift(address));
    }

    @Override
    public void write64Release(long address, long value) {
        memory.write64Release(shift(address), value);
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        return memory.compareAndSet64(shift(address), expected, value);
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        return memory.compareAndSet32(shift(address), expected, value);
    }

    @Override
    public boolean atomicWithDevice() {
        return memory.atomicWithDevice();
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        memory.read(shift(address), target, offset, length);
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        memory.write(shift(address), source, offset, length);
    }

    @Override
    public void clear(long address, long bytes) {
        memory.clear(shift(address), bytes);
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
