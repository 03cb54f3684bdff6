package org.sluice.spi.board;

/**
 * A message of PRI to an IOMMU.
 *
 * @param substreamId PASID, or {@link Dma#NO_PASID}
 * @param address page, in bytes; the 12 bits below it are ignored
 * @param read R: reading is wanted
 * @param write W: writing is wanted
 * @param execute X: executing is wanted
 * @param privileged Priv: in privileged mode
 * @param last L: the last request of its group, which is answered once
 * @param group page request group, below {@link AtsModel#GROUPS}
 */
public record AtsPageRequest(
        int substreamId,
        long address,
        boolean read,
        boolean write,
        boolean execute,
        boolean privileged,
        boolean last,
        int group) {
    /**
     * The Stop PASID marker: no request of a PASID comes behind it. Nobody answers.
     *
     * @param substreamId the PASID
     * @return the marker
     */
    public static AtsPageRequest stop(int substreamId) {
        return new AtsPageRequest(substreamId, 0, false, false, false, false, true, 0);
    }

    /**
     * Whether it is a Stop PASID marker.
     *
     * @return true for the last of a group that wants nothing, with a PASID
     */
    public boolean isStop() {
        return substreamId != Dma.NO_PASID && last && !read && !write;
    }
}
