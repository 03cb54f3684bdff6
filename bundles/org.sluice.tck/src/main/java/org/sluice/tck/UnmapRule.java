package org.sluice.tck;

/** What unmapping with a size below a leaf's does at the leaf's start; in the middle of a leaf both do nothing. */
public enum UnmapRule {
    /** Refuses, as Linux's io-pgtable does: nothing is unmapped. */
    REFUSE_PART,
    /** Removes the whole leaf and returns its size, as Linux's generic_pt does. */
    REMOVE_WHOLE
}
