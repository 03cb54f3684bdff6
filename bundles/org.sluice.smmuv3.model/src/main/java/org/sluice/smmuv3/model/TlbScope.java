package org.sluice.smmuv3.model;

/**
 * What a TLBI command covers.
 *
 * @param vmid only entries of this VMID; -1 for all
 * @param asid only entries of this ASID, and global ones if an address is given; -1 for all
 * @param first first input address, page-aligned; with {@code last} the whole space for all addresses
 * @param last last input address, unsigned, inclusive
 * @param granule only entries of this granule (log2), when {@code level} is given
 * @param level only leaves of this level; 0 for all
 */
record TlbScope(int vmid, int asid, long first, long last, int granule, int level) {
    /** Stands for every VMID or ASID. */
    static final int ANY = -1;

    static TlbScope all(int vmid) {
        return new TlbScope(vmid, ANY, 0, -1L, 0, 0);
    }

    static TlbScope asid(int vmid, int asid) {
        return new TlbScope(vmid, asid, 0, -1L, 0, 0);
    }

    boolean everyAddress() {
        return first == 0 && last == -1L;
    }

    /** Whether an entry with these tags is to go. */
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
