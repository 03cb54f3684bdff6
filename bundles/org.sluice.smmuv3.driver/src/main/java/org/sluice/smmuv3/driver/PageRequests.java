package org.sluice.smmuv3.driver;

import java.util.function.IntPredicate;
import org.sluice.api.FaultEvent;
import org.sluice.driver.base.RateLimit;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.CmdPriResp;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.UnitHost;

/**
 * Page requests and their answers, and the answers to stalls. Records come on the event thread; any thread may answer. An
 * answer is not waited for: a CMD_SYNC says nothing about a device having received it.
 */
final class PageRequests {
    private final UnitHost host;
    private final CommandQueue queue;
    private final UnitLog log;
    private final IntPredicate wantsPasid;
    private final RateLimit limit = new RateLimit(System::nanoTime);

    /**
     * What handles them.
     *
     * @param wantsPasid whether the device of a stream wants the PASID back
     */
    PageRequests(UnitHost host, CommandQueue queue, UnitLog log, IntPredicate wantsPasid) {
        this.host = host;
        this.queue = queue;
        this.log = log;
        this.wantsPasid = wantsPasid;
    }

    /** Deals with a record; what goes wrong is logged, and a group that nobody wants is refused with its last record. */
    void accept(long[] words) {
        PageRequestRecord record = PageRequestRecord.of(words);
        if (record.isStop()) {
            return;
        }
        PageRequest request = new PageRequest(
                record.toFault(), PageRequest.Kind.PRI, record.group(), record.isLast(), record.isRead());
        if (!isWanted(request) && record.isLast()) {
            respond(request, PageResponse.INVALID);
        }
    }

    /** The queue overflowed. */
    void lost() {
        try {
            host.pageRequestsLost();
        } catch (RuntimeException failure) {
            log.error("nobody could be told that page requests were lost: " + failure);
        }
    }

    /** Answers a group, or a stalled transaction. */
    void respond(PageRequest request, PageResponse response) {
        FaultRecord fault = request.fault();
        if (request.kind() == PageRequest.Kind.STALL) {
            boolean retry = response == PageResponse.SUCCESS;
            queue.submit(Command.resume(fault.streamId(), retry), Command.resumeTag(request.group()));
            return;
        }
        boolean tagged = fault.pasid() != FaultEvent.NO_PASID && wantsPasid.test(fault.streamId());
        queue.submit(
                DeviceCommand.priResp(fault.streamId(), tagged ? fault.pasid() : DeviceCommand.UNTAGGED),
                DeviceCommand.priRespGroup(request.group(), encode(response)));
    }

    private static long encode(PageResponse response) {
        return switch (response) {
            case SUCCESS -> CmdPriResp.RESP_SUCCESS;
            case INVALID -> CmdPriResp.RESP_INVALID_REQUEST;
            case FAILURE -> CmdPriResp.RESP_FAILURE;
        };
    }

    private boolean isWanted(PageRequest request) {
        try {
            if (host.pageRequest(request)) {
                return true;
            }
            if (limit.admit()) {
                log.info("unexpected PRI request received: " + request);
            }
        } catch (RuntimeException failure) {
            log.error("nobody could be asked for " + request + ": " + failure);
        }
        return false;
    }
}
