package org.sluice.layout;

/**
 * Replaces bits of a raw word. The arguments of the mask are constants at every generated call, so that the compiler folds the checks
 * to one test.
 */
public final class Bits {
    private Bits() {}

    /**
     * The word with one field replaced.
     *
     * @param value right-aligned, unsigned
     * @param mask the field's bits in place, contiguous
     * @param field names the field in the exception
     * @throws IllegalArgumentException if the value does not fit; nothing is ever truncated
     */
    public static long insert(long word, long value, int lsb, long mask, String field) {
        if ((value & ~(mask >>> lsb)) != 0) {
            throw new IllegalArgumentException("%s is 0x%x, its maximum is 0x%x".formatted(field, value, mask >>> lsb));
        }
        return word & ~mask | value << lsb;
    }

    /**
     * The word with an address replaced that stands in place: bit n of the address is bit n of the word.
     *
     * @throws IllegalArgumentException if the address has bits below or above the field
     */
    public static long insertAddress(long word, long address, long mask, String field) {
        if ((address & ~mask) != 0) {
            throw new IllegalArgumentException("%s is 0x%x, it must be aligned to 0x%x and at most 0x%x"
                    .formatted(field, address, Long.lowestOneBit(mask), mask));
        }
        return word & ~mask | address;
    }
}
