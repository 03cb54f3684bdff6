package org.sluice.smmuv3.model;

import java.util.function.Supplier;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdPriResp;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.Dma;

/**
 * CMD_ATC_INV and CMD_PRI_RESP. Both are legal but do nothing while SMMUEN is 0. An invalidation that timed out is reported
 * by the next SYNC. Called by one thread at a time.
 */
final class AtsCommands {
    private static final int PAGE_BITS = 12;
    private static final int RESP_RESERVED = 3;

    private final Identity id;
    private final AtsPorts ports;
    private final Supplier<Settings> settings;
    // since the last SYNC
    private boolean timedOut;

    AtsCommands(Identity id, AtsPorts ports, Supplier<Settings> settings) {
        this.id = id;
        this.ports = ports;
        this.settings = settings;
    }

    /**
     * CMD_ATC_INV.
     *
     * @return false for CERROR_ILL, also for a Size above that of every address
     */
    boolean invalidate(long word0, long word1) {
        long size = CmdAtcInv.size(word1);
        if (!id.ats() || CmdAtcInv.sSec(word0) != 0 || size > CmdAtcInv.SIZE_ALL) {
            return false;
        }
        if (settings.get().enabled()) {
            boolean tagged = CmdAtcInv.ssv(word0) != 0 && id.ssidBits() != 0;
            int log2bytes = (int) size + PAGE_BITS;
            long address = size == CmdAtcInv.SIZE_ALL ? 0 : CmdAtcInv.addr(word1) & -1L << log2bytes;
            timedOut |= !ports.invalidate(
                    (int) CmdAtcInv.streamID(word0),
                    tagged ? (int) CmdAtcInv.substreamID(word0) : Dma.NO_PASID,
                    tagged && CmdAtcInv.g(word0) != 0,
                    address,
                    log2bytes);
        }
        return true;
    }

    /**
     * CMD_PRI_RESP.
     *
     * @return false for CERROR_ILL
     */
    boolean respond(long word0, long word1) {
        long response = CmdPriResp.resp(word1);
        if (!id.pri() || CmdPriResp.sSec(word0) != 0 || response == RESP_RESERVED) {
            return false;
        }
        if (settings.get().enabled()) {
            boolean tagged = CmdPriResp.ssv(word0) != 0 && id.ssidBits() != 0;
            ports.respond(
                    (int) CmdPriResp.streamID(word0),
                    tagged ? (int) CmdPriResp.substreamID(word0) : Dma.NO_PASID,
                    (int) CmdPriResp.prgIndex(word1),
                    response(response));
        }
        return true;
    }

    private static AtsEndpoint.Response response(long encoded) {
        if (encoded == CmdPriResp.RESP_SUCCESS) {
            return AtsEndpoint.Response.SUCCESS;
        }
        return encoded == CmdPriResp.RESP_INVALID_REQUEST
                ? AtsEndpoint.Response.INVALID_REQUEST
                : AtsEndpoint.Response.FAILURE;
    }

    /** What a SYNC reports of the invalidations before it: once, so that it completes when it is repeated. */
    long outcome() {
        boolean failed = timedOut;
        timedOut = false;
        return failed ? CmdqCons.ERR_ATC_INV_SYNC : CmdqCons.ERR_NONE;
    }
}
