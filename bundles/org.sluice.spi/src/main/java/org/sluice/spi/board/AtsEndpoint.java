package org.sluice.spi.board;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * What an IOMMU says to an endpoint with a device TLB. Calls come from the thread that lets the IOMMU run, which they must
 * not keep waiting for anything that software has yet to do.
 */
@ConsumerType
public interface AtsEndpoint {
    /** Log2 of the span that stands for every address. */
    int EVERY_ADDRESS = 64;

    /**
     * An invalidation request. When it returns true, the endpoint holds no translation of the span, will keep none that it
     * asked for before, and every translated transaction that used one has completed.
     *
     * @param substreamId PASID, or {@link Dma#NO_PASID} for what was translated without one
     * @param global with a PASID: whatever the PASID
     * @param address first byte, aligned to the span
     * @param log2bytes log2 of the span in bytes, at least 12; {@link #EVERY_ADDRESS} for all
     * @return false if the endpoint does not answer, which the IOMMU takes for a time-out
     */
    boolean invalidate(int substreamId, boolean global, long address, int log2bytes);

    /**
     * The answer to a page request group.
     *
     * @param substreamId PASID, or {@link Dma#NO_PASID}
     * @param group as in {@link AtsPageRequest#group}
     * @param response the answer
     */
    void respond(int substreamId, int group, Response response);

    /** Answers to a page request group. */
    enum Response {
        /** The pages are there, or it is worth to ask again. */
        SUCCESS,
        /** Some page cannot be had. */
        INVALID_REQUEST,
        /** Page requests are not answered any more: the endpoint stops to send them. */
        FAILURE
    }
}
