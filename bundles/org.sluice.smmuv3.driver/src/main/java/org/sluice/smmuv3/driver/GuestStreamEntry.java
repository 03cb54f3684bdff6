package org.sluice.smmuv3.driver;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.StreamTableEntry;

/**
 * The part of a stream table entry that a guest may choose, as Linux's {@code arm_smmu_validate_vste} has it: everything else
 * must be 0, and an entry that is not valid aborts.
 *
 * @param word0 lowest word, in bits that a guest may set
 * @param word1 second word, in bits that a guest may set
 */
record GuestStreamEntry(long word0, long word1) {
    private static final long WORD0 = StreamTableEntry.V_MASK
            | StreamTableEntry.CONFIG_MASK
            | StreamTableEntry.S1FMT_MASK
            | StreamTableEntry.S1CONTEXTPTR_MASK
            | StreamTableEntry.S1CDMAX_MASK;

    private static final long WORD1 = StreamTableEntry.S1DSS_MASK
            | StreamTableEntry.S1CIR_MASK
            | StreamTableEntry.S1COR_MASK
            | StreamTableEntry.S1CSH_MASK
            | StreamTableEntry.S1STALLD_MASK
            | StreamTableEntry.EATS_MASK;

    /**
     * Checks an entry.
     *
     * @param entry as the guest wrote it, lowest word first; words beyond the end are 0
     * @throws IommuException EIO naming the field that a guest may not set
     */
    static GuestStreamEntry check(long[] entry) {
        long[] words = new long[StreamTableEntry.WORDS];
        System.arraycopy(entry, 0, words, 0, Math.min(entry.length, words.length));
        if (StreamTableEntry.v(words[StreamTableEntry.V_WORD]) == 0) {
            return new GuestStreamEntry(0, 0);
        }
        long[] theirs = words.clone();
        theirs[0] &= ~WORD0;
        theirs[1] &= ~WORD1;
        for (int word = 0; word < theirs.length; word++) {
            if (theirs[word] != 0) {
                throw new IommuException(
                        Errno.EIO,
                        String.format(
                                "a guest may not set bits 0x%016x of word %d of its stream table entry: %s",
                                theirs[word], word, StreamTableEntry.LAYOUT.describe(theirs, 0)));
            }
        }
        long config = StreamTableEntry.config(words[0]);
        if (config != StreamTableEntry.CONFIG_ABORT
                && config != StreamTableEntry.CONFIG_BYPASS
                && config != StreamTableEntry.CONFIG_S1_TRANSLATE) {
            throw new IommuException(Errno.EIO, "a guest's Config is " + config + ", it may be 0, 4 or 5");
        }
        long eats = StreamTableEntry.eats(words[1]);
        if (eats != StreamTableEntry.EATS_DISABLED && eats != StreamTableEntry.EATS_FULL) {
            throw new IommuException(Errno.EIO, "a guest's EATS is " + eats + ", it may be 0 or 1");
        }
        return new GuestStreamEntry(words[0], words[1]);
    }

    /** Whether all of the stream aborts. */
    boolean aborts() {
        return StreamTableEntry.v(word0) == 0 || StreamTableEntry.config(word0) == StreamTableEntry.CONFIG_ABORT;
    }

    /** Whether the guest translates; otherwise its addresses are the stage 2's. */
    boolean translates() {
        return !aborts() && StreamTableEntry.config(word0) == StreamTableEntry.CONFIG_S1_TRANSLATE;
    }

    /** Whether the guest lets the device ask for translations. */
    boolean wantsAts() {
        return !aborts() && StreamTableEntry.eats(word1) == StreamTableEntry.EATS_FULL;
    }

    /**
     * The entry that the SMMU gets.
     *
     * @param stage2 of the parent alone: what a guest that bypasses uses
     * @param ats whether the device asks for translations
     * @return eight words; events are merged, so that a guest's faults cannot flood the queue
     */
    long[] over(long[] stage2, boolean ats) {
        if (aborts()) {
            return StreamEntry.abort();
        }
        long[] entry = stage2.clone();
        int first = StreamTableEntry.CONFIG_WORD;
        int second = StreamTableEntry.S1DSS_WORD;
        if (translates()) {
            entry[first] = StreamTableEntry.withConfig(word0, StreamTableEntry.CONFIG_NESTED);
            entry[second] = word1 & ~StreamTableEntry.EATS_MASK | entry[second] & StreamTableEntry.S2FWB_MASK;
            if (StreamTableEntry.s1dss(word1) == StreamTableEntry.S1DSS_BYPASS) {
                entry[second] = StreamTableEntry.withShcfg(entry[second], StreamTableEntry.SHCFG_INCOMING);
            }
        }
        entry[second] = StreamTableEntry.withMev(entry[second], 1);
        entry[second] = StreamTableEntry.withEats(
                entry[second], ats ? StreamTableEntry.EATS_FULL : StreamTableEntry.EATS_DISABLED);
        return entry;
    }
}
