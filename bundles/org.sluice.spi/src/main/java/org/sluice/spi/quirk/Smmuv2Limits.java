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
 */
public record Smmuv2Limits(
        int banks,
        int stage2Banks,
        int streamEntries,
        boolean aarch64,
        boolean long32,
        boolean short32,
        int firstAsid,
        int firstVmid) {
    /**
     * The same with fewer context banks.
     *
     * @param count at most what there was
     * @return the limits
     */
    public Smmuv2Limits withBanks(int count) {
        return new Smmuv2Limits(
                Math.min(banks, count), stage2Banks, streamEntries, aarch64, long32, short32, firstAsid, firstVmid);
    }

    /**
     * The same with fewer entries of stream matching.
     *
     * @param count at most what there was
     * @return the limits
     */
    public Smmuv2Limits withStreamEntries(int count) {
        return new Smmuv2Limits(
                banks, stage2Banks, Math.min(streamEntries, count), aarch64, long32, short32, firstAsid, firstVmid);
    }

    /**
     * The same without the 64-bit formats.
     *
     * @return the limits
     */
    public Smmuv2Limits without64() {
        return new Smmuv2Limits(banks, stage2Banks, streamEntries, false, long32, short32, firstAsid, firstVmid);
    }

    /**
     * The same with tags that begin elsewhere.
     *
     * @param asid first ASID
     * @param vmid first VMID
     * @return the limits
     */
    public Smmuv2Limits withTagsFrom(int asid, int vmid) {
        return new Smmuv2Limits(banks, stage2Banks, streamEntries, aarch64, long32, short32, asid, vmid);
    }
}
