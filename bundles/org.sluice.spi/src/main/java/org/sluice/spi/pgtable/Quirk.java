package org.sluice.spi.pgtable;

/** Deviations of a page-table format, with Linux's {@code IO_PGTABLE_QUIRK_*} bit values. Combine with {@code |}. */
public final class Quirk {
    /** Non-secure bit in descriptors. */
    public static final int ARM_NS = 1;
    /** Permission bits are not used (v7 short). */
    public static final int NO_PERMS = 1 << 1;
    /** MediaTek's extended physical address bits. */
    public static final int ARM_MTK_EXT = 1 << 3;
    /** MediaTek's TTBR extension. */
    public static final int ARM_MTK_TTBR_EXT = 1 << 4;
    /** IOVAs are the sign-extended upper half. */
    public static final int ARM_TTBR1 = 1 << 5;
    /** Table walks are outer write-back, write-allocate although not coherent. */
    public static final int ARM_OUTER_WBWA = 1 << 6;
    /** Writable leaves carry DBM: hardware tracks dirty state. */
    public static final int ARM_HD = 1 << 7;
    /** Stage 2 forces write-back. */
    public static final int ARM_S2FWB = 1 << 8;
    /** Overlapping maps are an error without a warning. */
    public static final int NO_WARN = 1 << 9;
    /** Every leaf is coherent whatever the transaction says (generic_pt's {@code FORCE_COHERENCE}). Not a bit of Linux's. */
    public static final int FORCE_COHERENCE = 1 << 16;
    /** What cannot be written is refused, for hardware that needs it (generic_pt's {@code FORCE_WRITEABLE}). Not a bit of Linux's. */
    public static final int FORCE_WRITEABLE = 1 << 17;
    /**
     * Hardware sets the accessed and dirty bits of leaves by itself (RISC-V's Svadu, VT-d's second stage where A/D bits are
     * enabled), so that software may clear them. Not a bit of Linux's.
     */
    public static final int HARDWARE_AD = 1 << 20;

    /**
     * Leaves are also offered in the sizes of the architecture's contiguous groups, which carry the contiguous hint: ARMv8
     * long descriptors. Not a bit of Linux's.
     */
    public static final int ARM_CONTIGUOUS = 1 << 18;
    /**
     * Addresses of 52 bits with granules of 4K and 16K (LPA2: TCR.DS, VTCR.DS); nothing with 64K. Maps with MMIO and CACHE
     * together are refused (EINVAL). Not a bit of Linux's.
     */
    public static final int ARM_LPA2 = 1 << 19;

    private Quirk() {}
}
