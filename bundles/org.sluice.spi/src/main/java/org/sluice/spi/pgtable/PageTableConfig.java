package org.sluice.spi.pgtable;

/**
 * What the hardware wants of a page table ({@code io_pgtable_cfg}).
 *
 * @param format name of the format
 * @param pageSizes bitmap of byte sizes that may be used
 * @param inputBits width of an IOVA (IAS)
 * @param outputBits width of a physical address (OAS)
 * @param coherentWalk whether the table walker is cache coherent
 * @param quirks {@link Quirk} bits
 */
public record PageTableConfig(
        String format, long pageSizes, int inputBits, int outputBits, boolean coherentWalk, int quirks) {
    /**
     * Whether a quirk is on.
     *
     * @param quirk one of {@link Quirk}
     * @return true if so
     */
    public boolean has(int quirk) {
        return (quirks & quirk) != 0;
    }

    /**
     * The same with other quirks.
     *
     * @param bits all of them
     * @return the configuration
     */
    public PageTableConfig withQuirks(int bits) {
        return new PageTableConfig(format, pageSizes, inputBits, outputBits, coherentWalk, bits);
    }

    /**
     * The same with other page sizes.
     *
     * @param bitmap of byte sizes
     * @return the configuration
     */
    public PageTableConfig withPageSizes(long bitmap) {
        return new PageTableConfig(format, bitmap, inputBits, outputBits, coherentWalk, quirks);
    }
}
