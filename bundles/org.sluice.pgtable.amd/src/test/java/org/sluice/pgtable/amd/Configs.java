package org.sluice.pgtable.amd;

import org.sluice.spi.pgtable.PageTableConfig;

/** Configurations of the tests. */
final class Configs {
    /** Every power of two from 4K. */
    static final long ALL_SIZES = -1L << 12;

    static final long K4 = 4096;
    static final long M2 = 2 << 20;
    static final long G1 = 1 << 30;
    static final long G512 = 512L << 30;

    private Configs() {}

    static PageTableConfig of(int inputBits) {
        return of(inputBits, ALL_SIZES);
    }

    static PageTableConfig of(int inputBits, long pageSizes) {
        return new PageTableConfig("AMD_V1", pageSizes, inputBits, 52, true, 0);
    }
}
