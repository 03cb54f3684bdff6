package org.sluice.pgtable.x86;

import org.sluice.pgtable.radix.EntryCode;
import org.sluice.x86.arch.FirstStageEntry;
import org.sluice.x86.arch.SecondStageEntry;

/** How the entries of the two stages say what they are. */
final class EntryCodes {
    /** x86-64. A table grants everything, so that its leaves decide; accessed from the start, so that nobody needs to set it. */
    static final EntryCode FIRST_STAGE = new EntryCode.Builder()
            .address(FirstStageEntry.ADDRESS_MASK, 0)
            .leaves(FirstStageEntry.PS_MASK, FirstStageEntry.P_MASK, FirstStageEntry.PS_MASK)
            .tables(
                    FirstStageEntry.P_MASK | FirstStageEntry.RW_MASK | FirstStageEntry.U_MASK,
                    FirstStageEntry.A_MASK,
                    FirstStageEntry.XD_MASK)
            .build();

    /** VT-d's second stage: an entry is there when it is readable or writable. */
    static final EntryCode SECOND_STAGE = new EntryCode.Builder()
            .presentByBitZeroOr(SecondStageEntry.W_LSB - SecondStageEntry.R_LSB)
            .address(SecondStageEntry.ADDRESS_MASK, 0)
            .leaves(
                    SecondStageEntry.PS_MASK,
                    SecondStageEntry.R_MASK | SecondStageEntry.W_MASK,
                    SecondStageEntry.PS_MASK)
            .tables(SecondStageEntry.R_MASK | SecondStageEntry.W_MASK, 0, 0)
            .build();

    /** Sizes of leaves, whatever the levels. */
    static final long LEAF_SIZES = 1L << 12 | 1L << 21 | 1L << 30;

    /** Levels that a tree has at most. */
    static final int MOST_LEVELS = 5;

    /** Width of the addresses in entries. */
    static final int ADDRESS_BITS = 52;

    private EntryCodes() {}
}
