package org.sluice.smmuv3.model;

/**
 * What a TLBI command covers.
 *
 * @param stages which entries, by the stages that they are made of
 * @param regime whose entries; null for all
 * @param vmid only entries of this VMID; -1 for all
 * @param asid only entries of this ASID, and global ones if an address is given; -1 for all
 * @param first first input address, page-aligned; with {@code last} the whole space for all addresses
 * @param last last input address, unsigned, inclusive
 * @param granule only entries of this granule (log2), when {@code level} is given
 * @param level only leaves of this level; 0 for all
 */
record TlbScope(Stages stages, Regime regime, int vmid, int asid, long first, long last, int granule, int level) {
    /** Which entries a command reaches. */
    enum Stages {
        /** Entries of stage 1, whether stage 2 is in them or not: by input address and ASID. */
        FIRST,
        /** Entries of stage 2 alone, by IPA; those of both stages may stay. */
        SECOND,
        /** All entries. */
        EITHER
    }

    /** Stands for every VMID or ASID. */
    static final int ANY = -1;

    private static final long LAST = -1L;

    /** Every entry there is. */
    static final TlbScope EVERYTHING = new TlbScope(Stages.EITHER, null, ANY, ANY, 0, LAST, 0, 0);

    /** Everything of a VMID, or of all; not of EL2. */
    static TlbScope all(int vmid) {
        return new TlbScope(Stages.EITHER, Regime.EL1, vmid, ANY, 0, LAST, 0, 0);
    }

    /** Everything of a VMID that stage 1 is in. */
    static TlbScope allOfStage1(int vmid) {
        return new TlbScope(Stages.FIRST, Regime.EL1, vmid, ANY, 0, LAST, 0, 0);
    }

    static TlbScope asid(int vmid, int asid) {
        return new TlbScope(Stages.FIRST, Regime.EL1, vmid, asid, 0, LAST, 0, 0);
    }

    /** The same without regard to ASID, address and level. */
    TlbScope widened() {
        return new TlbScope(stages, regime, vmid, ANY, 0, LAST, 0, 0);
    }

    boolean everyAddress() {
        return first == 0 && last == LAST;
    }

    /**
     * Whether an entry is to go.
     *
     * @param tag as of {@link TlbTag}
     * @param base first input address of the leaf that the entry, or the piece in it, belongs to
     * @param log2size size of that leaf
     */
    boolean covers(long tag, long base, int log2size) {
        boolean stage2 = TlbTag.isStage2(tag);
        if (stages != Stages.EITHER && stage2 != (stages == Stages.SECOND)) {
            return false;
        }
        // entries of stage 2 have no regime; they go with those of EL1
        Regime of = stage2 ? Regime.EL1 : TlbTag.regime(tag);
        if (regime != null && regime != of || vmid != ANY && of.hasVmid && vmid != TlbTag.vmid(tag)) {
            return false;
        }
        if (asid != ANY && of.hasAsid && (TlbTag.isGlobal(tag) ? everyAddress() : asid != TlbTag.asid(tag))) {
            return false;
        }
        if (level != 0 && (granule != TlbTag.granule(tag) || level != Granule.levelOf(granule, log2size))) {
            return false;
        }
        long end = base + (1L << log2size) - 1;
        return Long.compareUnsigned(base, last) <= 0 && Long.compareUnsigned(end, first) >= 0;
    }
}
