package org.sluice.spi.board;

import java.util.function.Consumer;
import org.osgi.annotation.versioning.ConsumerType;

/** A model that can tell how it comes to a decision. Any thread. */
@ConsumerType
public interface ExplainingModel extends IommuModel {
    /**
     * Explains what a transaction would meet right now, as {@link #translate} finds it: without a memory access, an event or
     * a fill.
     *
     * @param streamId StreamID, unsigned
     * @param substreamId SubstreamID, or {@link Dma#NO_PASID}
     * @param iova bytes
     * @param flags {@link #WRITE}, {@link Dma#PRIVILEGED}, {@link Dma#EXECUTE}
     * @return every step to the decision
     */
    Explanation explain(int streamId, int substreamId, long iova, int flags);

    /**
     * Has every transaction explained from now on, as it happens. Costs nothing while nobody listens.
     *
     * @param listener called on the transaction's thread before its outcome is returned, must not throw; null for nobody
     */
    void listen(Consumer<? super Explanation> listener);
}
