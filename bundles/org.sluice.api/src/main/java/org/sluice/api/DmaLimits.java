package org.sluice.api;

/**
 * What a device can do with DMA addresses; Linux's DMA mask, {@code dma_set_max_seg_size} and {@code dma_set_seg_boundary}.
 *
 * @param addressBits width of the addresses that it sends, 12 to 64
 * @param below4GFirst try addresses below 4 GiB first, as Linux does for PCI devices, until there is none free
 * @param maxSegment largest DMA segment in bytes, above 0; longer scatter lists are not merged beyond it
 * @param boundary bytes that one DMA segment may not cross, a power of two of at least 4096; 0 for none
 */
public record DmaLimits(int addressBits, boolean below4GFirst, long maxSegment, long boundary) {
    /** A device with 64 address bits that takes segments of any size. */
    public static final DmaLimits NONE = new DmaLimits(64, false, Long.MAX_VALUE, 0);

    /** Checks the values. */
    public DmaLimits {
        if (addressBits < 12 || addressBits > 64) {
            throw new IommuException(Errno.EINVAL, "addressBits is " + addressBits + ", must be 12 to 64");
        }
        if (maxSegment <= 0) {
            throw new IommuException(Errno.EINVAL, "maxSegment is " + maxSegment + ", must be above 0");
        }
        if (boundary != 0 && (boundary < 4096 || Long.bitCount(boundary) != 1)) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format("boundary is 0x%x, must be 0 or a power of two of at least 4096", boundary));
        }
    }

    /**
     * The last address that the device can send.
     *
     * @return bytes, unsigned
     */
    public long lastAddress() {
        return -1L >>> 64 - addressBits;
    }

    /**
     * The same with another width.
     *
     * @param bits width of addresses
     * @return the limits
     */
    public DmaLimits withAddressBits(int bits) {
        return new DmaLimits(bits, below4GFirst, maxSegment, boundary);
    }

    /**
     * The same, with addresses below 4 GiB first.
     *
     * @return the limits
     */
    public DmaLimits withBelow4GFirst() {
        return new DmaLimits(addressBits, true, maxSegment, boundary);
    }

    /**
     * The same with other segments.
     *
     * @param most largest DMA segment in bytes
     * @param bounds bytes that a segment may not cross; 0 for none
     * @return the limits
     */
    public DmaLimits withSegments(long most, long bounds) {
        return new DmaLimits(addressBits, below4GFirst, most, bounds);
    }
}
