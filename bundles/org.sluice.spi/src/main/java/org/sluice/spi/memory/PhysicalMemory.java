package org.sluice.spi.memory;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Physical memory: sparse, little-endian, addressed in bytes, safe for any number of threads.
 *
 * <p>Single accesses are naturally aligned and atomic. Plain ones are at least <em>opaque</em> (no tearing, no
 * invention, eventually seen); acquire, release and compare-and-set order like Java's. An access that touches an address
 * without memory throws {@link MemoryAbortException} and changes nothing; a misaligned single access throws it too.
 *
 * <p><b>Windows.</b> Code that must be fast asks for the raw words of a frame once, and then works on the {@code long[]}
 * whatever implementations are loaded: {@code word(pa) = window(pa)[(int) ((pa & (windowBytes() - 1)) >>> 3)]}. The array
 * stays the memory's storage for the life of the memory, so windows may be kept; but a table's owner must not use one after
 * the table was freed. A remote memory has no windows, and callers take the slow path of the same methods.
 */
@ConsumerType
public interface PhysicalMemory {
    /**
     * Whether every byte of a range is memory.
     *
     * @param address physical address in bytes
     * @param bytes length, above 0
     * @return true if it is
     */
    boolean contains(long address, long bytes);

    /**
     * Reads a byte.
     *
     * @param address in bytes
     * @return the value
     * @throws MemoryAbortException no memory there
     */
    byte read8(long address);

    /**
     * Reads a 32-bit word.
     *
     * @param address in bytes, multiple of 4
     * @return the value
     * @throws MemoryAbortException no memory there, or misaligned
     */
    int read32(long address);

    /**
     * Reads a 64-bit word.
     *
     * @param address in bytes, multiple of 8
     * @return the value
     * @throws MemoryAbortException no memory there, or misaligned
     */
    long read64(long address);

    /**
     * Writes a byte; its neighbours are untouched.
     *
     * @param address in bytes
     * @param value the value
     * @throws MemoryAbortException no memory there
     */
    void write8(long address, byte value);

    /**
     * Writes a 32-bit word; its neighbours are untouched.
     *
     * @param address in bytes, multiple of 4
     * @param value the value
     * @throws MemoryAbortException no memory there, or misaligned
     */
    void write32(long address, int value);

    /**
     * Writes a 64-bit word.
     *
     * @param address in bytes, multiple of 8
     * @param value the value
     * @throws MemoryAbortException no memory there, or misaligned
     */
    void write64(long address, long value);

    /**
     * Reads a 64-bit word; later accesses of this thread stay behind it.
     *
     * @param address in bytes, multiple of 8
     * @return the value
     * @throws MemoryAbortException no memory there, or misaligned
     */
    long read64Acquire(long address);

    /**
     * Writes a 64-bit word; earlier accesses of this thread stay before it.
     *
     * @param address in bytes, multiple of 8
     * @param value the value
     * @throws MemoryAbortException no memory there, or misaligned
     */
    void write64Release(long address, long value);

    /**
     * Replaces a 64-bit word if it has the expected value, with volatile ordering.
     *
     * @param address in bytes, multiple of 8
     * @param expected the value it must have
     * @param value the new value
     * @return whether it was replaced
     * @throws MemoryAbortException no memory there, or misaligned
     */
    boolean compareAndSet64(long address, long expected, long value);

    /**
     * Replaces a 32-bit word if it has the expected value, with volatile ordering.
     *
     * @param address in bytes, multiple of 4
     * @param expected the value it must have
     * @param value the new value
     * @return whether it was replaced
     * @throws MemoryAbortException no memory there, or misaligned
     */
    boolean compareAndSet32(long address, int expected, int value);

    /**
     * Whether compare-and-set is atomic against the device too, not only among our threads.
     *
     * @return false for a remote memory
     */
    boolean atomicWithDevice();

    /**
     * Copies bytes out. Bytes of one aligned 64-bit word come from one read.
     *
     * @param address in bytes, any alignment
     * @param target where to
     * @param offset first index in the target
     * @param length bytes
     * @throws MemoryAbortException some byte has no memory; the target is unspecified then
     */
    void read(long address, byte[] target, int offset, int length);

    /**
     * Copies bytes in.
     *
     * @param address in bytes, any alignment
     * @param source where from
     * @param offset first index in the source
     * @param length bytes
     * @throws MemoryAbortException some byte has no memory; nothing was written
     */
    void write(long address, byte[] source, int offset, int length);

    /**
     * Sets bytes to 0.
     *
     * @param address in bytes, multiple of 8
     * @param bytes multiple of 8
     * @throws MemoryAbortException some byte has no memory; nothing was written
     */
    void clear(long address, long bytes);

    /**
     * Size of a window.
     *
     * @return bytes, a power of two of at least 64 KiB; 0 if this memory has no windows
     */
    long windowBytes();

    /**
     * The raw words of the window that contains an address, created if it was never written.
     *
     * @param address in bytes
     * @return the storage itself; null if this memory has no windows
     * @throws MemoryAbortException no memory there
     */
    long[] window(long address);

    /**
     * The raw words of the window that contains an address, if it was ever written: for who only reads, and would not create
     * storage for memory that reads as 0. Any thread.
     *
     * @param address in bytes
     * @return the storage itself, the same as of {@link #window}; null if this memory has no windows, if this one was never
     *     written, or, without an override, always
     * @throws MemoryAbortException no memory there
     */
    default long[] writtenWindow(long address) {
        return null;
    }
}
