package org.sluice.pgtable.x86;

import org.sluice.x86.arch.FirstStageEntry;
import org.sluice.x86.arch.SecondStageEntry;

/**
 * How an entry of a stage says what it is and where it points. Immutable; what a leaf grants is {@link LeafAttributes}'
 * business.
 */
final class EntryCode {
    /** x86-64. A table grants everything, so that its leaves decide; accessed from the start, so that nobody needs to set it. */
    static final EntryCode FIRST_STAGE = new EntryCode(
            0,
            FirstStageEntry.P_MASK | FirstStageEntry.RW_MASK | FirstStageEntry.U_MASK,
            FirstStageEntry.A_MASK,
            FirstStageEntry.XD_MASK,
            FirstStageEntry.PS_MASK,
            FirstStageEntry.ADDRESS_MASK);

    /** VT-d's second stage: an entry is there when it is readable or writable. */
    static final EntryCode SECOND_STAGE = new EntryCode(
            SecondStageEntry.W_LSB - SecondStageEntry.R_LSB,
            SecondStageEntry.R_MASK | SecondStageEntry.W_MASK,
            0,
            0,
            SecondStageEntry.PS_MASK,
            SecondStageEntry.ADDRESS_MASK);

    /** How far bit 0 and the other bit are apart of which one says that an entry is there; 0 if bit 0 alone does. */
    final int spread;
    /** What a pointer to the next level has beside the address. */
    final long table;

    private final long passes;
    private final long takes;
    private final long large;
    private final long address;

    /**
     * A coding.
     *
     * @param passes what a table must have to grant all that its leaves grant
     * @param marks what a table has beside that when we write it
     * @param takes what a table must not have for that
     * @param large tells a leaf from a table above the last level
     */
    private EntryCode(int spread, long passes, long marks, long takes, long large, long address) {
        this.spread = spread;
        this.passes = passes;
        this.takes = takes;
        this.large = large;
        this.address = address;
        table = passes | marks;
    }

    boolean isPresent(long entry) {
        return ((entry | entry >>> spread) & 1) != 0;
    }

    boolean isTable(long entry, Level level) {
        return !level.last && (entry & large) == 0 && isPresent(entry);
    }

    boolean isLeaf(long entry, Level level) {
        return isPresent(entry) && (level.last || (entry & large) != 0);
    }

    /** Whether a table leaves all rights to what is below it. */
    boolean passesRights(long entry) {
        return (entry & passes) == passes && (entry & takes) == 0;
    }

    /** What a leaf of a level has beside its address and attributes. */
    long leaf(Level level) {
        return level.last ? 0 : large;
    }

    /** Where an entry points; bit n of the address is bit n of the entry. */
    long address(long entry) {
        return entry & address;
    }
}
