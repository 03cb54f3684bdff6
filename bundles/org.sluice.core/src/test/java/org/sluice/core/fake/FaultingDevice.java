package org.sluice.core.fake;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.sluice.api.FaultReason;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.UnitHost;

/** A device whose transactions stall until their fault is answered. */
public final class FaultingDevice {
    private final FakeHardware hardware;
    private final FakeResponses responses;
    private final UnitHost host;
    private final int stream;
    private final AtomicInteger tags = new AtomicInteger();

    public FaultingDevice(FakeHardware hardware, FakeResponses responses, UnitHost host, int stream) {
        this.hardware = hardware;
        this.responses = responses;
        this.host = host;
        this.stream = stream;
    }

    /** Address that an access hits; 0 if it aborts. */
    public long access(int pasid, long iova, boolean write, LongConsumer inFlight) {
        for (int tries = 0; tries < 100; tries++) {
            long hit = hardware.dma(stream, pasid, iova, write, inFlight);
            if (hit != 0) {
                return hit;
            }
            FaultRecord fault = new FaultRecord(
                    stream,
                    pasid,
                    FaultReason.TRANSLATION,
                    "F_TRANSLATION",
                    iova,
                    write,
                    false,
                    false,
                    true,
                    List.of());
            PageRequest request = new PageRequest(fault, PageRequest.Kind.STALL, tags.incrementAndGet(), true, !write);
            if (!host.pageRequest(request)) {
                host.report(fault);
                return 0;
            }
            if (responses.to(request) != PageResponse.SUCCESS) {
                return 0;
            }
        }
        throw new AssertionError("100 repairs did not help");
    }

    public long access(int pasid, long iova, boolean write) {
        return access(pasid, iova, write, address -> {});
    }
}
