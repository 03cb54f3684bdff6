package org.sluice.trace.internal.swap;

import java.util.Arrays;
import java.util.List;
import org.sluice.spi.board.Dma;
import org.sluice.trace.internal.machine.Stream;
import org.sluice.trace.internal.proof.Score;

/** Devices read what lies at known places, again and again. */
final class ReadingWorker extends SwapWorker {
    private final List<Place> places;
    private final Score score;
    private final byte[] seen;

    /**
     * What a device must read.
     *
     * @param stream the device
     * @param pasid PASID, or {@link Dma#NO_PASID}
     * @param iova bytes
     * @param content what is there
     */
    record Place(Stream stream, int pasid, long iova, byte[] content) {}

    ReadingWorker(List<Place> places, Score score) {
        super("sluice-replay-dma");
        this.places = places;
        this.score = score;
        this.seen = new byte[places.isEmpty() ? 0 : places.get(0).content().length];
    }

    @Override
    void round() {
        for (Place place : places) {
            int outcome = place.stream().dma().read(place.pasid(), place.iova(), seen, 0, seen.length, 0);
            place.stream().checked();
            transferred();
            if ((outcome != Dma.OK || !Arrays.equals(seen, place.content())) && complains()) {
                score.mismatch(
                        place.stream(),
                        place.pasid(),
                        place.iova(),
                        "read while bundles are swapped",
                        "the data that was put there",
                        outcome == Dma.OK ? "other data" : "outcome " + outcome);
            }
        }
    }

    @Override
    void failed(RuntimeException cause) {
        score.mismatch("DMA while bundles are swapped", "no exception", cause.toString());
    }
}
