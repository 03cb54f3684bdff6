package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Tg0;
import org.sluice.vmsa.arch.Tg1;

/** Translation granule: size of the smallest page and of every table below the top one. */
enum Granule {
    K4(12, 48, Tg0.GRANULE_4K, Tg1.GRANULE_4K),
    K16(14, 48, Tg0.GRANULE_16K, Tg1.GRANULE_16K),
    K64(16, 52, Tg0.GRANULE_64K, Tg1.GRANULE_64K);

    /** Page size of the CPU that Linux's choice of a granule prefers; ours is the 4K host. */
    private static final long HOST_PAGE = 1L << 12;

    /** How far the 64K granule's address bits 51:48 are folded down. */
    private static final int FOLD = 48 - Stage1Leaf.OUTPUTADDRESS_51_48_LSB;

    private static final long LOW_48 = (1L << 48) - 1;

    final int shift;
    /** Limit of input and output addresses in bits. */
    final int addressBits;

    final int tg0;
    final int tg1;
    private final long plain;
    private final long folded;

    Granule(int shift, int addressBits, long tg0, long tg1) {
        this.shift = shift;
        this.addressBits = addressBits;
        this.tg0 = (int) tg0;
        this.tg1 = (int) tg1;
        plain = Stage1Leaf.OUTPUTADDRESS_MASK & -1L << shift;
        folded = addressBits > 48 ? Stage1Leaf.OUTPUTADDRESS_51_48_MASK : 0;
    }

    long bytes() {
        return 1L << shift;
    }

    /** Index bits of one level. */
    int bitsPerLevel() {
        return shift - 3;
    }

    /** Sizes that a leaf may have (linux-iommu.md section 2.2). */
    long leafSizes(int outputBits) {
        switch (this) {
            case K4:
                return 1L << 12 | 1L << 21 | 1L << 30;
            case K16:
                return 1L << 14 | 1L << 25;
            default:
                return 1L << 16 | 1L << 29 | (outputBits > 48 ? 1L << 42 : 0);
        }
    }

    /** Address bits of a descriptor for an address that is aligned to the granule. */
    long encode(long address) {
        // Of the bits that meet, one side is always 0: below the granule, or above 48 bits.
        return (address | address >>> FOLD) & Stage1Leaf.OUTPUTADDRESS_MASK;
    }

    /** The address in a descriptor. */
    long decode(long descriptor) {
        return descriptor & plain | (descriptor & folded) << FOLD;
    }

    /**
     * How many of a run of pages have descriptors that ascend with their addresses: where addresses are folded, a run
     * ends at a multiple of 2^48.
     */
    int ascending(long address, int run, int sizeShift) {
        return folded == 0 ? run : (int) Math.min(run, ((address | LOW_48) - address >>> sizeShift) + 1);
    }

    /**
     * The granule for a set of sizes, as Linux chooses: the host's page size if offered, else the next smaller, else the
     * next larger size that is offered.
     */
    static Granule choose(long pageSizes) {
        long smaller = pageSizes & HOST_PAGE - 1;
        long chosen = (pageSizes & HOST_PAGE) != 0
                ? HOST_PAGE
                : smaller != 0 ? Long.highestOneBit(smaller) : Long.lowestOneBit(pageSizes);
        for (Granule granule : values()) {
            if (granule.bytes() == chosen) {
                return granule;
            }
        }
        throw new IommuException(
                Errno.EINVAL,
                String.format(
                        "page sizes 0x%x choose a granule of 0x%x bytes; there are 4K, 16K, 64K", pageSizes, chosen));
    }
}
