package org.sluice.smmuv3.model;

/**
 * One half of the input addresses of a context: what TTBx, TxSZ and TGx say. Immutable.
 *
 * @param granule log2 of the granule
 * @param inputBits bits that tables resolve
 * @param startLevel level of the root
 * @param root physical address of the root table
 * @param outputBits effective output size in bits; 48 at most without 52-bit descriptors
 * @param flat whether permissions of table descriptors are ignored (HAD)
 * @param privilegedOnly whether unprivileged access faults as if nothing were mapped (E0PD)
 * @param largeBlocks whether blocks one level above the usual ones are valid
 * @param addresses where descriptors keep their address
 * @param shareability SHx of the context, for descriptors without one of their own
 */
record InputRange(
        int granule,
        int inputBits,
        int startLevel,
        long root,
        int outputBits,
        boolean flat,
        boolean privilegedOnly,
        boolean largeBlocks,
        AddressField addresses,
        int shareability) {
    /** Selects the half. */
    static final int SELECT_BIT = 55;

    private static final int MIN_TXSZ = 16;
    private static final int MIN_TXSZ_LARGE = 12;
    private static final int MAX_TXSZ = 39;
    private static final int MAX_TXSZ_SMALL_TABLES = 48;
    private static final int MIN_TABLE_BYTES_LARGE = 64;
    private static final int USUAL_ADDRESS_BITS = 48;

    /**
     * The fields of one half of a CD.
     *
     * @param granule log2, 0 for a reserved encoding
     * @param ds CD.DS, which both halves share
     */
    record Fields(int granule, int txsz, long ttb, boolean had, boolean e0pd, boolean ds, int shareability) {}

    /**
     * Checks a half.
     *
     * @param outputBits of the context
     * @return the range, or null if it is illegal
     */
    static InputRange of(Fields fields, int outputBits, Identity id) {
        int granule = fields.granule();
        if (!id.granule(granule)) {
            return null;
        }
        boolean large = id.largeInputs() && (granule == Granule.BITS_64K || fields.ds());
        int small = granule == Granule.BITS_64K ? MAX_TXSZ_SMALL_TABLES - 1 : MAX_TXSZ_SMALL_TABLES;
        int max = id.smallTranslationTables() ? small : MAX_TXSZ;
        int effective = outputBits(granule, fields.ds(), outputBits);
        int txsz = fields.txsz();
        if (txsz < (large ? MIN_TXSZ_LARGE : MIN_TXSZ) || txsz > max || fields.ttb() >>> effective != 0) {
            return null;
        }
        int inputBits = Long.SIZE - txsz;
        int startLevel = Granule.startLevel(granule, inputBits);
        int rootBits = inputBits - Granule.shift(granule, startLevel);
        long rootBytes = Math.max(leastTableBytes(outputBits), (long) Long.BYTES << rootBits);
        return new InputRange(
                granule,
                inputBits,
                startLevel,
                fields.ttb() & -rootBytes,
                effective,
                fields.had() && id.hierarchicalAttributeDisable(),
                fields.e0pd() && id.unprivilegedAccessPrevention(),
                granule == Granule.BITS_64K ? id.largeBlocks(granule) : fields.ds(),
                AddressField.of(granule, fields.ds(), id),
                fields.shareability());
    }

    /**
     * What a root table is aligned to at least, in bytes: with 52-bit output its address has no bits for less.
     *
     * @param outputBits of IPS or S2PS, capped to OAS
     */
    static int leastTableBytes(int outputBits) {
        return outputBits == Identity.MAX_ADDRESS_BITS ? MIN_TABLE_BYTES_LARGE : Long.BYTES;
    }

    /** Output size of a granule: descriptors of 4K and 16K have room for 48 bits, unless DS. */
    static int outputBits(int granule, boolean ds, int outputBits) {
        boolean room = ds || granule == Granule.BITS_64K;
        return room ? outputBits : Math.min(outputBits, USUAL_ADDRESS_BITS);
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
