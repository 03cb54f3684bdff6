package org.sluice.pgtable.arm;

/**
 * What the bits of a leaf mean beside its address: differs between stages and dialects of the long descriptor. Pure
 * functions; the tables ask once for every protection and keep the answers.
 */
interface LeafAttributes {
    /**
     * Attribute bits for a protection.
     *
     * @param prot {@link org.sluice.api.Prot} bits
     * @return bits of the descriptor, without address and type
     */
    long attributes(int prot);

    /**
     * What a leaf grants.
     *
     * @param descriptor the descriptor
     * @return {@link org.sluice.api.Prot} bits
     */
    int prot(long descriptor);

    /**
     * Type bits of a page at the last level; blocks have the same in every dialect.
     *
     * @return the bits
     */
    long pageType();

    /**
     * Bits that a descriptor of a next-level table carries beside address and type.
     *
     * @return the bits
     */
    long tableAttributes();
}
