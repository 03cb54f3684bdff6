package org.sluice.smmuv2.model;

import org.sluice.smmuv2.arch.SIdr0;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.smmuv2.arch.SIdr2;

/**
 * The identification registers, and what they promise.
 *
 * @param idr0 IDR0
 * @param idr1 IDR1
 * @param idr2 IDR2
 * @param idr7 IDR7
 */
record Identity(long idr0, long idr1, long idr2, long idr7) {
    /** Sizes of IDR2 by their code. */
    /** SMR and S2CR have so many registers, whatever NUMSMRG says. */
    private static final int MAX_MATCHES = 128;

    private static final int[] SIZES = {32, 36, 40, 42, 44, 48};

    boolean stage1() {
        return SIdr0.s1ts(idr0) != 0;
    }

    boolean stage2() {
        return SIdr0.s2ts(idr0) != 0;
    }

    boolean nested() {
        return SIdr0.nts(idr0) != 0;
    }

    boolean streamMatching() {
        return SIdr0.sms(idr0) != 0;
    }

    boolean extendedIds() {
        return SIdr0.exids(idr0) != 0;
    }

    /** Entries of stream matching, or of the table that is indexed by StreamID. */
    int streamEntries() {
        return streamMatching() ? (int) Math.min(SIdr0.numsmrg(idr0), MAX_MATCHES) : 1 << SIdr0.numsidb(idr0);
    }

    int banks() {
        return (int) SIdr1.numcb(idr1);
    }

    /** The first banks do stage 2 only. */
    int stage2Banks() {
        return (int) SIdr1.nums2cb(idr1);
    }

    int interrupts() {
        return (int) SIdr0.numirpt(idr0);
    }

    int pageShift() {
        return SIdr1.pagesize(idr1) == SIdr1.PAGESIZE_SIZE_64K ? 16 : 12;
    }

    /** Pages of each half of the register file. */
    int pages() {
        return 1 << SIdr1.numpagendxb(idr1) + 1;
    }

    int outputBits() {
        return size(SIdr2.oas(idr2));
    }

    int intermediateBits() {
        return size(SIdr2.ias(idr2));
    }

    boolean granule(int shift) {
        return switch (shift) {
            case Granule.BITS_4K -> SIdr2.ptfsv84k(idr2) != 0;
            case Granule.BITS_16K -> SIdr2.ptfsv816k(idr2) != 0;
            case Granule.BITS_64K -> SIdr2.ptfsv864k(idr2) != 0;
            default -> false;
        };
    }

    boolean wideVmids() {
        return SIdr2.vmid16s(idr2) != 0;
    }

    boolean longFormat32() {
        return SIdr0.noAarch32l(idr0) == 0;
    }

    boolean shortFormat() {
        return SIdr0.noAarch32s(idr0) == 0;
    }

    boolean addressTranslation() {
        return SIdr0.atosns(idr0) == 0;
    }

    private static int size(long code) {
        return SIZES[(int) Math.min(code, SIZES.length - 1)];
    }
}
