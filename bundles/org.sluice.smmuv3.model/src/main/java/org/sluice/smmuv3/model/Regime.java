package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.StreamTableEntry;

/** StreamWorld: whose translation regime a stage 1 is, as STE.STRW and CR2.E2H say. TLB entries are tagged by it. */
enum Regime {
    /** EL1 and EL0, with a VMID where there is a stage 2. */
    EL1(true, true, true),
    /** EL2 without E2H: one half, no privilege levels, no ASID. */
    EL2(false, false, false),
    /** EL2 with E2H: as EL1, but without a VMID. */
    EL2_E2H(false, true, true);

    /** Whether entries are tagged with a VMID. */
    final boolean hasVmid;
    /** Whether entries are tagged with an ASID. */
    final boolean hasAsid;
    /** Whether there is an upper half, and unprivileged access differs. */
    final boolean hasUnprivileged;

    Regime(boolean hasVmid, boolean hasAsid, boolean hasUnprivileged) {
        this.hasVmid = hasVmid;
        this.hasAsid = hasAsid;
        this.hasUnprivileged = hasUnprivileged;
    }

    /**
     * The regime of a stage-1-only entry. STRW is ignored where there is a stage 2, and without EL2.
     *
     * @return null if STRW is reserved
     */
    static Regime of(long word1, boolean stage2, boolean e2h, Identity id) {
        if (stage2 || !id.hypervisor()) {
            return EL1;
        }
        long strw = StreamTableEntry.strw(word1);
        if (strw == StreamTableEntry.STRW_EL2) {
            return e2h ? EL2_E2H : EL2;
        }
        return strw == StreamTableEntry.STRW_NS_EL1 ? EL1 : null;
    }
}
