package org.sluice.spi.pgtable;

/**
 * Neighbouring leaves that map on to neighbouring memory with one protection, as one.
 *
 * @param iova first IOVA in bytes
 * @param paddr physical address of its first byte
 * @param size bytes, above 0; of leaves of any sizes
 * @param prot {@link org.sluice.api.Prot} bits that every one of the leaves grants
 */
public record MappedRange(long iova, long paddr, long size, int prot) {
    /**
     * Last IOVA, inclusive.
     *
     * @return bytes
     */
    public long last() {
        return iova + size - 1;
    }
}
