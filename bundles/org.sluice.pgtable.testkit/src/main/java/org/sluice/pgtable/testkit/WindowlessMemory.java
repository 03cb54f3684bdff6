package org.sluice.pgtable.testkit;

import java.util.List;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.spi.memory.PhysicalMemory;

/** A memory that is far away: the same bytes, but no windows; a test can interrupt a reader, and look after every write. */
public final class WindowlessMemory implements PhysicalMemory {
    private final PhysicalMemory memory = new ResidentMemoryFactory().create(List.of(TestHost.POOL));
    private long interruptedAddress;
    private int readsBefore;
    private Runnable interruption;
    private Runnable afterWrite = () -> {};
    private boolean atomicWithDevice;

    /** A core over such a memory. */
    public static TestHost host() {
        return new TestHost(new WindowlessMemory(), TestHost.POOL);
    }

    /** Lets something happen right after a read of a word, before the reader goes on; some reads may come before. */
    public void interruptRead(long address, int earlierReads, Runnable action) {
        interruptedAddress = address;
        readsBefore = earlierReads;
        interruption = action;
    }

    /** Lets something happen after every write of a word. */
    public void afterEachWrite(Runnable action) {
        afterWrite = action;
    }

    /** Lets compare-and-set exclude the device, as in the machine's own memory. */
    public void beAtomicWithDevice() {
        atomicWithDevice = true;
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
        afterWrite.run();
    }

    @Override
    public long read64Acquire(long address) {
        long value = memory.read64Acquire(address);
        if (interruption != null && address == interruptedAddress && readsBefore-- == 0) {
            Runnable action = interruption;
            interruption = null;
            action.run();
        }
        return value;
    }

    @Override
    public void write64Release(long address, long value) {
        memory.write64Release(address, value);
        afterWrite.run();
    }

    @Override
    public boolean compareAndSet64(long address, long expected, long value) {
        boolean done = memory.compareAndSet64(address, expected, value);
        afterWrite.run();
        return done;
    }

    @Override
    public boolean compareAndSet32(long address, int expected, int value) {
        return memory.compareAndSet32(address, expected, value);
    }

    @Override
    public boolean atomicWithDevice() {
        return atomicWithDevice;
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        memory.read(address, target, offset, length);
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        memory.write(address, source, offset, length);
    }

    @Override
    public void clear(long address, long bytes) {
        memory.clear(address, bytes);
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
