package org.sluice.smmuv3.driver;

/**
 * Something that must be invalidated when a context's tables change. Sorted as Linux sorts them, less the SMMU: a context
 * here is of one SMMU.
 *
 * @param kind what kind of cache
 * @param id ASID, VMID or StreamID
 * @param substreamId SubstreamID of a device's cache, 0 for untagged traffic; 0 for a TLB
 */
record Invalidation(Kind kind, int id, int substreamId) implements Comparable<Invalidation> {
    /** Kinds, in the order in which they are sent. */
    enum Kind {
        /** Stage-1 TLB entries by ASID. */
        S1_ASID,
        /** Stage-2 TLB entries by VMID. */
        S2_VMID,
        /** What a guest's stage 1 left in the TLB, by VMID. */
        S2_VMID_S1_CLEAR,
        /** A device's cache, by range. */
        ATS,
        /** A device's cache, all of it: its addresses are not those of the tables that change. */
        ATS_FULL
    }

    /** Whether it is a device's cache. */
    boolean isDeviceCache() {
        return kind.compareTo(Kind.ATS) >= 0;
    }

    @Override
    public int compareTo(Invalidation other) {
        int order = kind.compareTo(other.kind);
        if (order == 0) {
            order = Integer.compareUnsigned(id, other.id);
        }
        return order != 0 ? order : Integer.compare(substreamId, other.substreamId);
    }
}
