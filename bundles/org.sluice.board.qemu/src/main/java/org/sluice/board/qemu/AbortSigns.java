package org.sluice.board.qemu;

/** How one learns that a DMA was aborted: an edu device does not say. Used by whoever has the right to start DMA. */
interface AbortSigns {
    /** Forgets what was seen so far. */
    void mark();

    /** Whether an access was aborted since the mark. */
    boolean seen();
}
