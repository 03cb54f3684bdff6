package org.sluice.smmuv2.model;

import org.sluice.spi.board.Dma;

/**
 * What becomes of an attempt at a transaction.
 *
 * @param answer as {@link Dma} has it; without meaning while there is something to wait for
 * @param stall what to wait for before the next attempt, or null
 * @param owner whether the stall is this transaction's, so that software may terminate it
 */
record Outcome(int answer, Stall stall, boolean owner) {
    static final Outcome OK = new Outcome(Dma.OK, null, false);
    static final Outcome ABORT = new Outcome(Dma.ABORT, null, false);
    static final Outcome RAZ_WI = new Outcome(Dma.RAZ_WI, null, false);

    static Outcome terminated(boolean reported) {
        return reported ? ABORT : RAZ_WI;
    }
}
