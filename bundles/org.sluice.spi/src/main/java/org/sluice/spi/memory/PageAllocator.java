package org.sluice.spi.memory;

import org.osgi.annotation.versioning.ConsumerType;

/** Hands out pieces of physical memory for tables and queues. Any thread may call it. */
@ConsumerType
public interface PageAllocator {
    /**
     * Allocates zeroed memory.
     *
     * @param bytes above 0; rounded up to a power of two of at least 64
     * @param alignment power of two in bytes; at least the rounded size is guaranteed
     * @return physical address in bytes
     * @throws org.sluice.api.IommuException ENOMEM, EINVAL
     */
    long allocate(long bytes, long alignment);

    /**
     * Allocates zeroed memory below a limit, for tables whose format has few address bits.
     *
     * @param bytes above 0
     * @param alignment power of two in bytes
     * @param lastAddress highest physical address that a byte of it may have, inclusive
     * @return physical address in bytes
     * @throws org.sluice.api.IommuException ENOMEM, EINVAL
     */
    long allocateBelow(long bytes, long alignment, long lastAddress);

    /**
     * Gives memory back. Whoever frees guarantees that neither software nor device uses it any more.
     *
     * @param address from {@link #allocate}
     * @param bytes as then
     * @throws org.sluice.api.IommuException EINVAL when it was not handed out like that; nothing is freed
     */
    void free(long address, long bytes);

    /**
     * Whether memory is handed out right now, as one allocation of this size.
     *
     * @param address physical address in bytes
     * @param bytes size
     * @return true if so
     */
    boolean isAllocated(long address, long bytes);

    /**
     * What is handed out.
     *
     * @return bytes, as rounded
     */
    long allocatedBytes();
}
