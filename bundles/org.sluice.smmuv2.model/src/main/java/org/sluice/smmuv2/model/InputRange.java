package org.sluice.smmuv2.model;

import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * The addresses that one table of the long format resolves. Immutable.
 *
 * @param granule log2 of the granule
 * @param inputBits bits that tables resolve
 * @param startLevel level of the root
 * @param root physical address of the root, or IPA when stage 2 is beneath
 * @param outputBits what an output address may have
 */
record InputRange(int granule, int inputBits, int startLevel, long root, int outputBits) {
    private static final int MIN_TABLE_BYTES = 64;
    private static final int MAX_INPUT_BITS = 48;

    /**
     * Makes a range that the tables themselves can have.
     *
     * @return the range, or null for a granule or size that does not exist
     */
    static InputRange of(int granule, int inputBits, long base, int outputBits) {
        if (granule == 0 || inputBits > MAX_INPUT_BITS || inputBits <= granule) {
            return null;
        }
        int start = Granule.startLevel(granule, inputBits);
        return new InputRange(granule, inputBits, start, aligned(base, granule, inputBits, start), outputBits);
    }

    /** The same with the start level of a stage 2, whose root may be several tables side by side. */
    static InputRange startingAt(int granule, int inputBits, int startLevel, long base, int outputBits) {
        int rootBits = inputBits - Granule.shift(granule, startLevel);
        boolean concatenated = rootBits <= Granule.bitsPerLevel(granule) + 4;
        if (granule == 0 || startLevel < 0 || startLevel > Granule.LAST_LEVEL || rootBits < 1 || !concatenated) {
            return null;
        }
        return new InputRange(
                granule, inputBits, startLevel, aligned(base, granule, inputBits, startLevel), outputBits);
    }

    private static long aligned(long base, int granule, int inputBits, int startLevel) {
        int rootBits = inputBits - Granule.shift(granule, startLevel);
        return base & -Math.max(MIN_TABLE_BYTES, (long) Long.BYTES << rootBits);
    }

    /** Bits of a descriptor that hold an address. */
    long addressMask() {
        return Stage1Leaf.OUTPUTADDRESS_MASK & TableDescriptor.NEXTTABLE_MASK & -1L << granule;
    }
}
