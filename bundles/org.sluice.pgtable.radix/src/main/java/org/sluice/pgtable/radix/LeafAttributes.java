package org.sluice.pgtable.radix;

import org.sluice.api.Errno;

/** What the bits of a leaf grant. Pure functions; a page table asks once for every protection and keeps the answers. */
public interface LeafAttributes {
    /**
     * Whether a protection can be granted.
     *
     * @param prot {@link org.sluice.api.Prot} bits
     * @return false to refuse it
     */
    boolean grants(int prot);

    /**
     * How a protection that cannot be granted is refused.
     *
     * @return the error
     */
    default Errno refusal() {
        return Errno.EINVAL;
    }

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

    /**
     * Whether the architecture defines what a leaf grants.
     *
     * @param entry the entry
     * @return false when it is reserved
     */
    default boolean isDefined(long entry) {
        return true;
    }

    /**
     * The bit that hardware sets in an entry through which it writes.
     *
     * @return one bit
     */
    long dirty();

    /**
     * The bit that hardware sets in an entry that it uses.
     *
     * @return one bit
     */
    long accessed();
}
