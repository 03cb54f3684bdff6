package org.sluice.api;

import java.util.List;

/**
 * A fault that an IOMMU reported.
 *
 * @param iommu name of the IOMMU
 * @param device name of the device, or {@code stream 0x…} where no device has that StreamID
 * @param streamId the StreamID
 * @param pasid the PASID, or {@link #NO_PASID} for untagged traffic
 * @param reason why
 * @param name the architecture's name of the record, e.g. {@code F_TRANSLATION}
 * @param iova input address in bytes; 0 where the record has none
 * @param write whether the access was a write
 * @param privileged whether the access was privileged
 * @param execute whether the access was an instruction fetch
 * @param stalled whether the transaction waits for a response
 * @param raw the record's 64-bit words, lowest first
 */
public record FaultEvent(
        String iommu,
        String device,
        int streamId,
        int pasid,
        FaultReason reason,
        String name,
        long iova,
        boolean write,
        boolean privileged,
        boolean execute,
        boolean stalled,
        List<Long> raw) {
    /** Stands for "no PASID". */
    public static final int NO_PASID = -1;

    /** Copies the words. */
    public FaultEvent {
        raw = List.copyOf(raw);
    }
}
