package org.sluice.smmuv2.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.SIdr0;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.smmuv2.arch.SIdr2;
import org.sluice.smmuv2.arch.SIdr7;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * What the identification registers say, in the order of Linux's {@code arm_smmu_device_cfg_probe}.
 *
 * @param stage1 stage-1 translation
 * @param stage2 stage-2 translation
 * @param nested stage 1 over stage 2
 * @param matching streams are matched, not indexed
 * @param extendedIds StreamIDs of 16 bits
 * @param coherent table walks are coherent
 * @param wideVmids VMIDs of 16 bits
 * @param translationOperations ATS1PR and its like of context banks
 * @param interrupts context interrupts
 * @param pageSizes bitmap of leaf sizes of the 64-bit formats
 * @param inputBits width of an IOVA of stage 1
 * @param intermediateBits width of an IPA
 * @param outputBits width of a physical address
 * @param implementation IDR7
 * @param found limits before hooks
 */
record Features(
        boolean stage1,
        boolean stage2,
        boolean nested,
        boolean matching,
        boolean extendedIds,
        boolean coherent,
        boolean wideVmids,
        boolean translationOperations,
        int interrupts,
        long pageSizes,
        int inputBits,
        int intermediateBits,
        int outputBits,
        int implementation,
        Smmuv2Limits found) {
    private static final int[] SIZES = {32, 36, 40, 42, 44, 48};
    /** UBS of 49 bits: 48 of them in either half. */
    private static final int UPSTREAM_49 = 5;

    private static final long SIZES_4K = 1L << 12 | 1L << 21 | 1L << 30;
    private static final long SIZES_16K = 1L << 14 | 1L << 25;
    private static final long SIZES_64K = 1L << 16 | 1L << 29;

    /**
     * Reads the registers.
     *
     * @throws IommuException ENODEV for an SMMU that cannot translate or has nobody to translate for
     */
    static Features identify(Space space) {
        long idr0 = space.global0(SIdr0.OFFSET);
        long idr1 = space.global0(SIdr1.OFFSET);
        long idr2 = space.global0(SIdr2.OFFSET);
        boolean stage1 = SIdr0.s1ts(idr0) != 0;
        boolean stage2 = SIdr0.s2ts(idr0) != 0;
        if (!stage1 && !stage2) {
            throw refused("IDR0", idr0, "has neither S1TS nor S2TS: it cannot translate");
        }
        boolean matching = SIdr0.sms(idr0) != 0;
        long entries = matching ? SIdr0.numsmrg(idr0) : 1L << SIdr0.numsidb(idr0);
        if (entries == 0) {
            throw refused("IDR0", idr0, "matches streams, but NUMSMRG is 0");
        }
        int banks = (int) Math.min(SIdr1.numcb(idr1), space.room());
        int stage2Banks = (int) SIdr1.nums2cb(idr1);
        if (banks == 0 || stage2Banks > banks) {
            throw refused("IDR1", idr1, "has " + banks + " context banks, " + stage2Banks + " of them for stage 2");
        }
        if (SIdr0.numirpt(idr0) == 0) {
            throw refused("IDR0", idr0, "has no context interrupt (NUMIRPT is 0)");
        }
        long pageSizes = pageSizes(idr2);
        int ubs = (int) SIdr2.ubs(idr2);
        Smmuv2Limits limits = new Smmuv2Limits(
                banks,
                stage2Banks,
                (int) entries,
                pageSizes != 0,
                SIdr0.noAarch32l(idr0) == 0,
                SIdr0.noAarch32s(idr0) == 0,
                1,
                1);
        return new Features(
                stage1,
                stage2,
                SIdr0.nts(idr0) != 0 && stage1 && stage2,
                matching,
                SIdr0.exids(idr0) != 0,
                SIdr0.cttw(idr0) != 0,
                SIdr2.vmid16s(idr2) != 0,
                stage1 && SIdr0.atosns(idr0) == 0,
                (int) SIdr0.numirpt(idr0),
                pageSizes,
                ubs >= UPSTREAM_49 ? SIZES[UPSTREAM_49] : SIZES[ubs],
                size(SIdr2.ias(idr2)),
                size(SIdr2.oas(idr2)),
                (int) space.global0(SIdr7.OFFSET),
                limits);
    }

    private static long pageSizes(long idr2) {
        long sizes = SIdr2.ptfsv84k(idr2) != 0 ? SIZES_4K : 0;
        sizes |= SIdr2.ptfsv816k(idr2) != 0 ? SIZES_16K : 0;
        return sizes | (SIdr2.ptfsv864k(idr2) != 0 ? SIZES_64K : 0);
    }

    private static int size(long code) {
        return SIZES[(int) Math.min(code, SIZES.length - 1)];
    }

    /** Bits of a StreamID that matching looks at. */
    int streamBits() {
        if (!matching) {
            return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(found.streamEntries());
        }
        return extendedIds ? 16 : 15;
    }

    private static IommuException refused(String register, long value, String why) {
        return new IommuException(Errno.ENODEV, String.format("%s is 0x%08x: the SMMU %s", register, value, why));
    }
}
