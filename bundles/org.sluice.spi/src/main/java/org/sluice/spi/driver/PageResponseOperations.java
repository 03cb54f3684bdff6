package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Answering page requests: an {@link IommuUnit} whose hardware stalls transactions or carries PRI implements it. Any thread
 * may call it.
 */
@ConsumerType
public interface PageResponseOperations {
    /**
     * Answers a group. One answer a group; an answer to a group that the hardware has forgotten changes nothing.
     *
     * @param request the last of its group
     * @param response what to tell the device
     */
    void respond(PageRequest request, PageResponse response);

    /**
     * Waits until every record that the hardware had queued for this device and PASID before the call was given to
     * {@link UnitHost#pageRequest} or {@link UnitHost#report}. Not to be called on the unit's event thread.
     *
     * @param device added before
     * @param pasid the PASID, or {@link org.sluice.api.FaultEvent#NO_PASID}
     * @throws org.sluice.api.IommuException ETIMEDOUT
     */
    void drain(DeviceRecord device, int pasid);
}
