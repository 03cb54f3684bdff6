package org.sluice.spi.quirk;

/**
 * What a driver may use of an SMMUv2, as read from its registers and cut down by hooks.
 *
 * @param banks context banks
 * @param stage2Banks how many of them, the first ones, do stage 2 only
 * @param streamEntries entries of stream matching
 * @param aarch64 tables of the 64-bit formats
 * @param long32 long tables with 32-bit addresses
 * @param short32 ARMv7 short tables
 * @param firstAsid where ASIDs begin, above 0
 * @param firstVmid where VMIDs begin, above 0
 * @param tags how many ASIDs and how many VMIDs there are from the first one on; {@link #ALL_TAGS} for all that have room
 * @param pageSizes bitmap of leaf sizes in bytes that may be used; {@link #ALL_SIZES} for all that the tables have
 */
public record Smmuv2Limits(
        int banks,
        int stage2Banks,
        int streamEntries,
        boolean aarch64,
        boolean long32,
        boolean short32,
        int firstAsid,
        int firstVmid,
        int tags,
        long pageSizes) {
    /** As many tags as their registers have room for. */
    public static final int ALL_TAGS = Integer.MAX_VALUE;

    /** Every leaf size of the format. */
    public static final long ALL_SIZES = -1;

    /**
     * Limits with all tags from the first one on, and all page sizes.
     *
     * @param banks context banks
     * @param stage2Banks how many of them, the first ones, do stage 2 only
     * @param streamEntries entries of stream matching
     * @param aarch64 tables of the 64-bit formats
     * @param long32 long tables with 32-bit addresses
     * @param short32 ARMv7 short tables
     * @param firstAsid where ASIDs begin, above 0
     * @param firstVmid where VMIDs begin, above 0
     */
    public Smmuv2Limits(
            int banks,
            int stage2Banks,
            int streamEntries,
            boolean aarch64,
            boolean long32,
            boolean short32,
            int firstAsid,
            int firstVmid) {
        this(banks, stage2Banks, streamEntries, aarch64, long32, short32, firstAsid, firstVmid, ALL_TAGS, ALL_SIZES);
    }

    private Smmuv2Limits sized(int bankCount, int entryCount) {
        return new Smmuv2Limits(
                bankCount,
                Math.min(stage2Banks, bankCount),
                entryCount,
                aarch64,
                long32,
                short32,
                firstAsid,
                firstVmid,
                tags,
                pageSizes);
    }

    /**
     * The same with fewer context banks.
     *
     * @param count at most what there was
     * @return the limits
     */
    public Smmuv2Limits withBanks(int count) {
        return sized(Math.min(banks, count), streamEntries);
    }

    /**
     * The same with fewer entries of stream matching.
     *
     * @param count at most what there was
     * @return the limits
     */
    public Smmuv2Limits withStreamEntries(int count) {
        return sized(banks, Math.min(streamEntries, count));
    }

    /**
     * The same without the 64-bit formats.
     *
     * @return the limits
     */
    public Smmuv2Limits without64() {
        return new Smmuv2Limits(
                banks, stage2Banks, streamEntries, false, long32, short32, firstAsid, firstVmid, tags, pageSizes);
    }

    /**
     * The same with tags that begin elsewhere.
     *
     * @param asid first ASID
     * @param vmid first VMID
     * @return the limits
     */
    public Smmuv2Limits withTagsFrom(int asid, int vmid) {
        return new Smmuv2Limits(
                banks, stage2Banks, streamEntries, aarch64, long32, short32, asid, vmid, tags, pageSizes);
    }

    /**
     * The same with fewer tags.
     *
     * @param count of ASIDs, and of VMIDs, from the first one on; above 0
     * @return the limits
     */
    public Smmuv2Limits withTags(int count) {
        return new Smmuv2Limits(
                banks,
                stage2Banks,
                streamEntries,
                aarch64,
                long32,
                short32,
                firstAsid,
                firstVmid,
                Math.min(tags, count),
                pageSizes);
    }

    /**
     * The same with fewer page sizes.
     *
     * @param bitmap of leaf sizes in bytes; of those only what there was stays
     * @return the limits
     */
    public Smmuv2Limits withPageSizes(long bitmap) {
        return new Smmuv2Limits(
                banks,
                stage2Banks,
                streamEntries,
                aarch64,
                long32,
                short32,
                firstAsid,
                firstVmid,
                tags,
                pageSizes & bitmap);
    }
}
