package org.sluice.smmuv3.model;

import java.util.Locale;

/**
 * How the TLB is built.
 *
 * @param entries power of two, or 0 for no TLB
 * @param ways entries of a set, a power of two up to {@code entries}; 0 for no TLB
 * @param contiguous whether leaves that the Contiguous bit joins are kept as one entry
 * @param overreach what an invalidation removes beyond what it has to
 * @param reportsConflicts whether an address in several entries is F_TLB_CONFLICT; else one of them is taken
 */
record TlbShape(int entries, int ways, boolean contiguous, Overreach overreach, boolean reportsConflicts) {
    /** Ways unless given. */
    static final int USUAL_WAYS = 4;

    /** An SMMU may remove more than a command asks for. */
    enum Overreach {
        /** Nothing more. */
        NONE,
        /** All of the command's VMID and stages, whatever ASID and address it names. */
        VMID,
        /** Everything. */
        ALL;

        TlbScope of(TlbScope asked) {
            return switch (this) {
                case NONE -> asked;
                case VMID -> asked.widened();
                case ALL -> TlbScope.EVERYTHING;
            };
        }

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** So many entries, four ways, exact invalidation; 0 for none. */
    static TlbShape of(int entries) {
        return new TlbShape(entries, Math.min(entries, USUAL_WAYS), false, Overreach.NONE, false);
    }
}
