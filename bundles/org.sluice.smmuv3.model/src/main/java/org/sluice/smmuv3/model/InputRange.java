package org.sluice.smmuv3.model;

import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * One half of the input addresses of a context: what TTBx, TxSZ and TGx say. Immutable.
 *
 * @param granule log2 of the granule
 * @param inputBits bits that tables resolve
 * @param startLevel level of the root
 * @param root physical address of the root table
 * @param flat whether permissions of table descriptors are ignored (HAD)
 * @param tableMask bits of a descriptor that hold a table's or page's address
 */
record InputRange(int granule, int inputBits, int startLevel, long root, boolean flat, long tableMask) {
    /** Selects the half. */
    static final int SELECT_BIT = 55;

    private static final int MIN_TXSZ = 16;
    private static final int MAX_TXSZ = 39;
    private static final int MAX_TXSZ_SMALL_TABLES = 48;
    private static final int MIN_TABLE_BYTES = 64;

    /**
     * Checks a half.
     *
     * @param granule log2, 0 for a reserved encoding
     * @return the range, or null if it is illegal
     */
    static InputRange of(int granule, int txsz, long ttb, boolean had, int outputBits, Identity id) {
        if (!id.granule(granule)) {
            return null;
        }
        int small = granule == Granule.BITS_64K ? MAX_TXSZ_SMALL_TABLES - 1 : MAX_TXSZ_SMALL_TABLES;
        int max = id.smallTranslationTables() ? small : MAX_TXSZ;
        if (txsz < MIN_TXSZ || txsz > max || ttb >>> outputBits != 0) {
            return null;
        }
        int inputBits = Long.SIZE - txsz;
        int startLevel = Granule.startLevel(granule, inputBits);
        int rootBits = inputBits - Granule.shift(granule, startLevel);
        long rootBytes = Math.max(MIN_TABLE_BYTES, (long) Long.BYTES << rootBits);
        long tableMask = Stage1Leaf.OUTPUTADDRESS_MASK & TableDescriptor.NEXTTABLE_MASK & -1L << granule;
        boolean flat = had && id.hierarchicalAttributeDisable();
        return new InputRange(granule, inputBits, startLevel, ttb & -rootBytes, flat, tableMask);
    }

    /**
     * Whether an address lies in the half that bit 55 selects.
     *
     * @param canonical the address, its top byte already replaced where TBI says so
     */
    boolean covers(long canonical) {
        long above = canonical >> inputBits;
        return above == (StreamContext.isHigh(canonical) ? -1 : 0);
    }
}
