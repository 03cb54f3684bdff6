package org.sluice.pgtable.x86;

/** What the bits of a leaf grant. Pure functions; a page table asks once for every protection and keeps the answers. */
interface LeafAttributes {
    /**
     * Whether a protection can be granted.
     *
     * @param prot {@link org.sluice.api.Prot} bits
     * @return false to refuse it
     */
    boolean grants(int prot);

    /**
     * Bits of a leaf for a protection that can be granted.
     *
     * @param prot {@link org.sluice.api.Prot} bits
     * @return bits of the entry, without address and size; never 0
     */
    long attributes(int prot);

    /**
     * What a leaf grants.
     *
     * @param entry the entry
     * @return {@link org.sluice.api.Prot} bits
     */
    int prot(long entry);
}
