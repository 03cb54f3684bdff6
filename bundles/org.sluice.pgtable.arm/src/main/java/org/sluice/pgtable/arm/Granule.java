package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage1LeafLpa2;
import org.sluice.vmsa.arch.Tg0;
import org.sluice.vmsa.arch.Tg1;

/**
 * Translation granule: size of the smallest page and of every table below the top one, and how descriptors hold addresses.
 * With 52 bits, 64K granules fold the uppermost four bits of an address into bits that are 0 in every aligned one; those of
 * 4K and 16K (LPA2) go on up to bit 49, and have the uppermost two where shareability was (Arm DDI 0487, section D8.3).
 */
enum Granule {
    K4(12, 48, Tg0.GRANULE_4K, Tg1.GRANULE_4K),
    K16(14, 48, Tg0.GRANULE_16K, Tg1.GRANULE_16K),
    K64(16, 52, Tg0.GRANULE_64K, Tg1.GRANULE_64K),
    K4_LPA2(12, 52, Tg0.GRANULE_4K, Tg1.GRANULE_4K),
    K16_LPA2(14, 52, Tg0.GRANULE_16K, Tg1.GRANULE_16K);

    /** Page size of the CPU that Linux's choice of a granule prefers; ours is the 4K host. */
    private static final long HOST_PAGE = 1L << 12;

    final int shift;
    /** Limit of input and output addresses in bits. */
    final int addressBits;

    final int tg0;
    final int tg1;
    /** Every bit of a descriptor that holds a bit of an address, or must be 0 because the address is aligned. */
    final long addressField;

    /** Bits of a descriptor that hold those of an address in place. */
    final long plain;
    /** Bits of a descriptor that hold the uppermost ones of an address; 0 where there are none. */
    final long folded;

    private final int fold;
    private final long lowBits;

    Granule(int shift, int addressBits, long tg0, long tg1) {
        this.shift = shift;
        this.addressBits = addressBits;
        this.tg0 = (int) tg0;
        this.tg1 = (int) tg1;
        boolean lpa2 = addressBits > 48 && shift < 16;
        addressField = lpa2
                ? Stage1LeafLpa2.OUTPUTADDRESS_MASK | Stage1LeafLpa2.OUTPUTADDRESS_51_50_MASK
                : Stage1Leaf.OUTPUTADDRESS_MASK;
        plain = (lpa2 ? Stage1LeafLpa2.OUTPUTADDRESS_MASK : Stage1Leaf.OUTPUTADDRESS_MASK) & -1L << shift;
        int unfolded = lpa2 ? 50 : 48;
        lowBits = (1L << unfolded) - 1;
        fold = unfolded - (lpa2 ? Stage1LeafLpa2.OUTPUTADDRESS_51_50_LSB : Stage1Leaf.OUTPUTADDRESS_51_48_LSB);
        folded = addressBits == 48
                ? 0
                : lpa2 ? Stage1LeafLpa2.OUTPUTADDRESS_51_50_MASK : Stage1Leaf.OUTPUTADDRESS_51_48_MASK;
    }

    long bytes() {
        return 1L << shift;
    }

    /** Index bits of one level. */
    int bitsPerLevel() {
        return shift - 3;
    }

    /** Whether descriptors have the 52-bit layout of TCR.DS. */
    boolean isLpa2() {
        return this == K4_LPA2 || this == K16_LPA2;
    }

    /**
     * Sizes that a leaf may have (linux-iommu.md section 2.2). LPA2 adds blocks one level further up (Arm DDI 0487,
     * AArch64.BlockDescSupported).
     */
    long leafSizes(int outputBits) {
        switch (this) {
            case K4:
                return 1L << 12 | 1L << 21 | 1L << 30;
            case K4_LPA2:
                return 1L << 12 | 1L << 21 | 1L << 30 | 1L << 39;
            case K16:
                return 1L << 14 | 1L << 25;
            case K16_LPA2:
                return 1L << 14 | 1L << 25 | 1L << 36;
            default:
                return 1L << 16 | 1L << 29 | (outputBits > 48 ? 1L << 42 : 0);
        }
    }

    /**
     * log2 of the leaves in a contiguous group: 16 pages or 2M blocks of the 4K granule, 128 pages or 32 blocks of 32M of
     * 16K, 32 pages or 512M blocks of 64K (linux-iommu.md section 2.3).
     *
     * @param level number of the level where the leaves are
     * @return the logarithm; 0 where there are no groups
     */
    int groupShift(int level) {
        if (level < Level.LAST - 1) {
            return 0;
        }
        switch (shift) {
            case 12:
                return 4;
            case 14:
                return level == Level.LAST ? 7 : 5;
            default:
                return 5;
        }
    }

    /** Address bits of a descriptor for an address that is aligned to the granule. */
    long encode(long address) {
        return address & plain | address >>> fold & folded;
    }

    /** The address in a descriptor. */
    long decode(long descriptor) {
        return descriptor & plain | (descriptor & folded) << fold;
    }

    /**
     * How many of a run of pages have descriptors that ascend with their addresses: where addresses are folded, a run
     * ends at a multiple of what the plain bits hold.
     */
    int ascending(long address, int run, int sizeShift) {
        return folded == 0 ? run : (int) Math.min(run, ((address | lowBits) - address >>> sizeShift) + 1);
    }

    /**
     * The granule for a set of sizes, as Linux chooses: the host's page size if offered, else the next smaller, else the
     * next larger size that is offered.
     *
     * @param lpa2 whether granules below 64K have the 52-bit layout
     */
    static Granule choose(long pageSizes, boolean lpa2) {
        long smaller = pageSizes & HOST_PAGE - 1;
        long chosen = (pageSizes & HOST_PAGE) != 0
                ? HOST_PAGE
                : smaller != 0 ? Long.highestOneBit(smaller) : Long.lowestOneBit(pageSizes);
        for (Granule granule : values()) {
            if (granule.bytes() == chosen && (granule.isLpa2() == lpa2 || granule == K64)) {
                return granule;
            }
        }
        throw new IommuException(
                Errno.EINVAL,
                String.format(
                        "page sizes 0x%x choose a granule of 0x%x bytes; there are 4K, 16K, 64K", pageSizes, chosen));
    }
}
