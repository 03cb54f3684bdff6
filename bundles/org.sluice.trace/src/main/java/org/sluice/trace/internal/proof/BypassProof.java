package org.sluice.trace.internal.proof;

import java.util.ArrayList;
import java.util.List;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.trace.internal.LongRanges;
import org.sluice.trace.internal.machine.Stream;

/** Shows that untagged DMA of a bypassed stream reaches the very address that it names. */
public final class BypassProof {
    private static final long PAGE = 4096;
    private static final int MOST_PLACES = 64;

    private final DmaProbe probe;
    private final List<MemoryRegion> places = new ArrayList<>();

    /**
     * A proof.
     *
     * @param probe does the DMA
     * @param physical memory that the trace names; first and last page of the first 64 ranges are touched
     */
    public BypassProof(DmaProbe probe, LongRanges physical) {
        this.probe = probe;
        physical.forEach((first, last) -> {
            if (places.size() < MOST_PLACES) {
                places.add(new MemoryRegion(first, last - first + 1));
            }
        });
    }

    /**
     * Checks a stream.
     *
     * @param stream a bypassed one
     */
    public void prove(Stream stream) {
        for (MemoryRegion place : places) {
            check(stream, place.base());
            check(stream, place.last() + 1 - PAGE);
        }
    }

    private void check(Stream stream, long address) {
        probe.reads(stream, Dma.NO_PASID, address, address, "untagged read of a bypassed stream");
        probe.writes(stream, Dma.NO_PASID, address, address, "untagged write of a bypassed stream");
    }
}
