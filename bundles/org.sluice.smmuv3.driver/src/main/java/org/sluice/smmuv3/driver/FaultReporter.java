package org.sluice.smmuv3.driver;

import java.util.function.IntFunction;
import org.sluice.api.FaultResponse;
import org.sluice.driver.base.RateLimit;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.UnitHost;

/**
 * What is done with an event record: offered for repair when it stalls; otherwise reported, logged when nobody wants it, and
 * resumed if it stalls. The event thread only.
 */
final class FaultReporter {
    private final UnitHost host;
    private final CommandQueue queue;
    private final UnitLog log;
    private final IntFunction<String> clients;
    private final RateLimit limit = new RateLimit(System::nanoTime);

    /**
     * What deals with records.
     *
     * @param clients names of the devices that streams belong to, for the log
     */
    FaultReporter(UnitHost host, CommandQueue queue, UnitLog log, IntFunction<String> clients) {
        this.clients = clients;
        this.host = host;
        this.queue = queue;
        this.log = log;
    }

    /** Deals with a record; what goes wrong is logged. */
    void accept(EventRecord event) {
        try {
            if (event.isStalled() && isRepaired(event)) {
                return;
            }
            FaultResponse response = report(event);
            if (response == FaultResponse.UNHANDLED) {
                logRaw(event);
            }
            if (event.isStalled()) {
                boolean retry = response == FaultResponse.RETRY;
                queue.submit(Command.resume(event.streamId(), retry), Command.resumeTag(event.stallTag()));
            }
        } catch (RuntimeException failure) {
            log.error("event " + event.toFault() + " could not be dealt with: " + failure);
        }
    }

    private boolean isRepaired(EventRecord event) {
        FaultRecord fault = event.toFault();
        try {
            int tag = (int) event.stallTag();
            return host.pageRequest(new PageRequest(fault, PageRequest.Kind.STALL, tag, true, !fault.write()));
        } catch (RuntimeException failure) {
            log.error("nobody could be asked to repair " + fault + ": " + failure);
            return false;
        }
    }

    private FaultResponse report(EventRecord event) {
        FaultRecord fault = event.toFault();
        try {
            return host.report(fault);
        } catch (RuntimeException failure) {
            log.error("the handler of " + fault + " failed: " + failure);
            return FaultResponse.UNHANDLED;
        }
    }

    private void logRaw(EventRecord event) {
        if (!limit.admit()) {
            return;
        }
        long suppressed = limit.takeSuppressed();
        if (suppressed != 0) {
            log.warn(suppressed + " events were not logged");
        }
        log.info(String.format("event 0x%02x received:", event.id()));
        for (long word : event.words()) {
            log.info(String.format("\t0x%016x", word));
        }
        log.info(String.format(
                "event: %s client: %s sid: 0x%x ssid: 0x%x iova: 0x%x ipa: 0x%x",
                EventId.name(event.id()),
                clients.apply(event.streamId()),
                event.streamId(),
                event.substreamId(),
                event.inputAddress(),
                event.intermediateAddress()));
    }
}
