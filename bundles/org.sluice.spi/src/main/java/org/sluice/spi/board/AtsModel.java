package org.sluice.spi.board;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The side of an {@link IommuModel} that endpoints with a device TLB use, as PCIe's ATS and PRI have it. Any thread may
 * call; nothing a guest or device can do makes a call throw. Requests without a PASID are unprivileged and of data.
 */
@ConsumerType
public interface AtsModel {
    /** Page requests have so many groups: {@link AtsPageRequest#group} is below. */
    int GROUPS = 1 << 9;

    /**
     * A translation request for one translation. Where permissions and the access flag are kept by the IOMMU, this is the
     * access that counts; a write that is not asked for is not counted.
     *
     * @param streamId StreamID, unsigned
     * @param substreamId PASID, or {@link Dma#NO_PASID}
     * @param address untranslated address in bytes
     * @param flags {@link IommuModel#WRITE} unless the endpoint only reads (NW), {@link Dma#PRIVILEGED}, {@link Dma#EXECUTE}
     * @return the completion
     */
    AtsCompletion requestTranslation(int streamId, int substreamId, long address, int flags);

    /**
     * A translated transaction: its address is what a completion said. Does not cross a 4 KiB boundary, and never stalls.
     *
     * @param streamId StreamID, unsigned
     * @param address translated address in bytes
     * @param flags 0 or {@link IommuModel#WRITE}
     * @param data read into or written from
     * @param offset first index
     * @param length bytes, 1 to 4096
     * @return {@link Dma#OK} or {@link Dma#ABORT}
     */
    int transactTranslated(int streamId, long address, int flags, byte[] data, int offset, int length);

    /**
     * A page request or a Stop PASID marker. The answer comes, if at all, to the endpoint that is connected: later from
     * software, or within this call from the IOMMU itself, when the request finds no room.
     *
     * @param streamId StreamID, unsigned
     * @param request what is asked for
     */
    void requestPage(int streamId, AtsPageRequest request);

    /**
     * Tells software, by an event, that pages will be wanted. Nobody answers.
     *
     * @param streamId StreamID, unsigned
     * @param substreamId PASID, or {@link Dma#NO_PASID}
     * @param address untranslated address in bytes
     * @param pages 4 KiB pages, 1 to 255
     * @param flags which accesses: {@link IommuModel#WRITE}, {@link Dma#EXECUTE} beside reading, {@link Dma#PRIVILEGED}
     */
    void announceAccess(int streamId, int substreamId, long address, int pages, int flags);

    /**
     * Connects an endpoint, to which invalidations and answers of its StreamID go from now on. Those of a StreamID to which
     * nobody is connected are lost, as on a bus where no device answers to it.
     *
     * @param streamId StreamID, unsigned
     * @param endpoint who answers
     * @return ends the connection
     * @throws org.sluice.api.IommuException EBUSY if somebody is connected already
     */
    Connection connect(int streamId, AtsEndpoint endpoint);

    /** A connection of an endpoint. */
    @FunctionalInterface
    interface Connection extends AutoCloseable {
        @Override
        void close();
    }
}
