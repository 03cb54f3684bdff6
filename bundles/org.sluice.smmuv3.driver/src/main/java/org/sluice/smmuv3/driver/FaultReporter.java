package org.sluice.smmuv3.driver;

import org.sluice.api.FaultResponse;
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
    private final RateLimit limit = new RateLimit(System::nanoTime);

    FaultReporter(UnitHost host, CommandQueue queue, UnitLog log) {
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
    }
}
