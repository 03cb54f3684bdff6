package org.sluice.core.unit;

import java.util.List;
import org.sluice.api.FaultReason;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;

/** Page requests as a driver decodes them. */
public final class Requests {
    private Requests() {}

    private static FaultRecord fault(int stream, int pasid, long iova, boolean write, boolean stalled) {
        return new FaultRecord(
                stream,
                pasid,
                FaultReason.TRANSLATION,
                "F_TRANSLATION",
                iova,
                write,
                false,
                false,
                stalled,
                List.of(1L, 2L));
    }

    /** A stalled read, or write. */
    static PageRequest stall(int stream, int pasid, long iova, boolean write, int tag) {
        return new PageRequest(fault(stream, pasid, iova, write, true), PageRequest.Kind.STALL, tag, true, !write);
    }

    public static PageRequest stall(int stream, int pasid, long iova) {
        return stall(stream, pasid, iova, false, 1);
    }

    /** A request of a group that goes on. */
    public static PageRequest part(int stream, int pasid, long iova, int group) {
        return new PageRequest(fault(stream, pasid, iova, false, false), PageRequest.Kind.PRI, group, false, true);
    }

    /** The last request of a group. */
    static PageRequest last(int stream, int pasid, long iova, int group) {
        return new PageRequest(fault(stream, pasid, iova, false, false), PageRequest.Kind.PRI, group, true, true);
    }
}
