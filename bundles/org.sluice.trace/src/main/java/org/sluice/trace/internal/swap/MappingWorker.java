package org.sluice.trace.internal.swap;

import org.sluice.api.Prot;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.trace.internal.proof.PasidSpace;
import org.sluice.trace.internal.proof.Score;

/**
 * A client that maps in its io_mm, does DMA there and unmaps, as fast as it can: its calls wait whenever the gate is
 * closed. If it provokes faults, it shows once in a while that what it unmapped cannot be reached; where faults stall, such an
 * access waits for a driver.
 */
final class MappingWorker extends SwapWorker {
    /** IOVA relative to the scratch page of the space. */
    static final long OFFSET = 0x10_0000;

    private static final long PAGE = PasidSpace.PAGE;
    private static final int CHECK_EVERY = 64;

    private final PasidSpace space;
    private final PhysicalMemory memory;
    private final long page;
    private final boolean provokes;
    private final Score score;
    private final byte[] word = new byte[Long.BYTES];
    private long turn;

    MappingWorker(PasidSpace space, PhysicalMemory memory, long page, boolean provokes, Score score) {
        super("sluice-replay-map-" + space.pasid());
        this.space = space;
        this.memory = memory;
        this.page = page;
        this.provokes = provokes;
        this.score = score;
    }

    @Override
    void round() {
        long iova = space.scratchIova() + OFFSET;
        turn++;
        space.ioMm().map(iova, page, PAGE, Prot.READ | Prot.WRITE);
        for (int index = 0; index < Long.BYTES; index++) {
            word[index] = (byte) (turn >>> Byte.SIZE * index);
        }
        int outcome = space.stream().dma().write(space.pasid(), iova, word, 0, Long.BYTES, 0);
        checked(outcome == Dma.OK && memory.read64(page) == turn, "write while bundles are swapped", outcome);
        long unmapped = space.ioMm().unmap(iova, PAGE);
        if (unmapped != PAGE && complains()) {
            score.mismatch(
                    space.stream(), space.pasid(), iova, "unmap while bundles are swapped", "4096", "" + unmapped);
        }
        if (provokes && turn % CHECK_EVERY == 0) {
            outcome = space.stream().dma().read(space.pasid(), iova, word, 0, Long.BYTES, 0);
            checked(outcome == Dma.ABORT, "read of an unmapped page while bundles are swapped", outcome);
        }
    }

    @Override
    void failed(RuntimeException cause) {
        score.mismatch(
                space.stream(),
                space.pasid(),
                space.scratchIova() + OFFSET,
                "map and unmap while bundles are swapped",
                "no exception",
                cause.toString());
    }

    private void checked(boolean right, String what, int outcome) {
        space.stream().checked();
        transferred();
        if (!right && complains()) {
            score.mismatch(
                    space.stream(),
                    space.pasid(),
                    space.scratchIova() + OFFSET,
                    what,
                    "the answer of the mapping",
                    "outcome " + outcome);
        }
    }
}
