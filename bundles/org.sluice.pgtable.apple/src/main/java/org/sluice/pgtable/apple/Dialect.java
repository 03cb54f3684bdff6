package org.sluice.pgtable.apple;

/** What the bits of an entry mean in one generation of the DART. Pure functions; the tables keep what they ask often. */
interface Dialect {
    /** Name of the format, as Linux has it. */
    String format();

    /** Bits of a physical address that entries can hold. */
    int addressBits();

    /** log2 of the smallest page whose address fits. */
    int smallestPageShift();

    /** Address bits of an entry; those of a sum of addresses are the sum of theirs. */
    long encode(long address);

    /** Physical address in an entry. */
    long decode(long entry);

    /** Bits of a leaf for {@link org.sluice.api.Prot} bits, without its address. */
    long attributes(int prot);

    /** What a leaf grants, as {@link org.sluice.api.Prot} bits. */
    int prot(long entry);

    /** Whether a leaf grants the same to every byte of its page. */
    boolean isWhole(long entry);
}
