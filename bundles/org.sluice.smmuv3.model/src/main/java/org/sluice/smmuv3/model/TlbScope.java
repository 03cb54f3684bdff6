package org.sluice.smmuv3.model;

/**
 * What a TLBI command covers.
 *
 * @param stages which entries, by the stages that they are made of
 * @param vmid only entries of this VMID; -1 for all
 * @param asid only entries of this ASID, and global ones if an address is given; -1 for all
 * @param first first input address, page-aligned; with {@code last} the whole space for all addresses
 * @param last last input address, unsigned, inclusive
 * @param granule only entries of this granule (log2), when {@code level} is given
 * @param level only leaves of this level; 0 for all
 */
record TlbScope(Stages stages, int vmid, int asid, long first, long last, int granule, int level) {
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

    /** Everything of a VMID. */
    static TlbScope all(int vmid) {
        return new TlbScope(Stages.EITHER, vmid, ANY, 0, LAST, 0, 0);
    }

    /** Everything of a VMID that stage 1 is in. */
    static TlbScope allOfStage1(int vmid) {
        return new TlbScope(Stages.FIRST, vmid, ANY, 0, LAST, 0, 0);
    }

    static TlbScope asid(int vmid, int asid) {
        return new TlbScope(Stages.FIRST, vmid, asid, 0, LAST, 0, 0);
    }

    boolean everyAddress() {
        return first == 0 && last == LAST;
    }

    /** Whether it reaches entries of stage 2 alone, or else those with stage 1 in them. */
    boolean reaches(boolean stage2) {
        return stages == Stages.EITHER || stage2 == (stages == Stages.SECOND);
    }

    /**
     * Whether an entry that it reaches is to go.
     *
     * @param base first input address of the leaf that the entry, or the piece in it, belongs to
     * @param log2size size of that leaf
     */
    boolean covers(int entryVmid, int entryAsid, boolean global, long base, int log2size, int entryGranule) {
        if (vmid != ANY && vmid != entryVmid) {
            return false;
        }
        if (asid != ANY && (global ? everyAddress() : asid != entryAsid)) {
            return false;
        }
        if (level != 0 && (granule != entryGranule || Granule.shift(granule, level) != log2size)) {
            return false;
        }
        long end = base + (1L << log2size) - 1;
        return Long.compareUnsigned(base, last) <= 0 && Long.compareUnsigned(end, first) >= 0;
    }
}
