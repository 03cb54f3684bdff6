package org.sluice.spi.memory;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * A range of physical addresses.
 *
 * @param base first byte
 * @param size bytes, above 0; the range does not wrap
 */
public record MemoryRegion(long base, long size) {
    /** Checks that the range is not empty and does not wrap. */
    public MemoryRegion {
        if (size == 0 || Long.compareUnsigned(base + size - 1, base) < 0) {
            throw new IommuException(
                    Errno.EINVAL, String.format("memory region 0x%x+0x%x is empty or wraps around", base, size));
        }
    }

    /**
     * Last byte.
     *
     * @return physical address, inclusive
     */
    public long last() {
        return base + size - 1;
    }

    /**
     * Whether a range lies inside.
     *
     * @param address physical address in bytes
     * @param bytes length, above 0
     * @return true if every byte is inside
     */
    public boolean contains(long address, long bytes) {
        long offset = address - base;
        return Long.compareUnsigned(offset, size) < 0 && Long.compareUnsigned(bytes, size - offset) <= 0;
    }

    /**
     * Whether two ranges share a byte.
     *
     * @param other the other range
     * @return true if they do
     */
    public boolean overlaps(MemoryRegion other) {
        return Long.compareUnsigned(base, other.last()) <= 0 && Long.compareUnsigned(other.base, last()) <= 0;
    }

    @Override
    public String toString() {
        return String.format("[0x%x, 0x%x]", base, last());
    }
}
