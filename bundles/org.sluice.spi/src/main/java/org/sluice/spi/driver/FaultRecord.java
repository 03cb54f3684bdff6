package org.sluice.spi.driver;

import java.util.List;
import org.sluice.api.FaultReason;

/**
 * A fault as a driver decoded it.
 *
 * @param streamId StreamID, unsigned
 * @param pasid PASID or {@link org.sluice.api.FaultEvent#NO_PASID}
 * @param reason why
 * @param name the architecture's name of the record
 * @param iova input address in bytes, 0 if the record has none
 * @param write a write
 * @param privileged privileged
 * @param execute an instruction fetch
 * @param stalled waits for a response
 * @param raw the record's 64-bit words, lowest first
 */
public record FaultRecord(
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
    /** Copies the words. */
    public FaultRecord {
        raw = List.copyOf(raw);
    }

    /**
     * The same for a PASID that the hardware did not name.
     *
     * @param known the PASID
     * @return the record
     */
    public FaultRecord withPasid(int known) {
        return new FaultRecord(streamId, known, reason, name, iova, write, privileged, execute, stalled, raw);
    }
}
