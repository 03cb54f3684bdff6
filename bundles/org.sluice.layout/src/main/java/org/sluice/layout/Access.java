package org.sluice.layout;

/** What software may do to a register. */
public enum Access {
    /** Writes are ignored. */
    RO,
    /** Reads as zero; a write starts an operation. */
    WO,
    /** Read and write. */
    RW,
    /** Read and write; writes are ignored while the register's guard is set. */
    GUARDED,
    /** Read and write; a write counts only with the register's Update bit, which hardware clears when it is done. */
    UPDATE
}
