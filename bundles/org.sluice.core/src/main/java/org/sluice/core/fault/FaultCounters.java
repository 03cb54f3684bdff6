package org.sluice.core.fault;

import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.sluice.spi.driver.PageResponse;

/**
 * What became of page requests, over every IOMMU of the platform. Every group is answered once, so {@code iopf.groups} equals
 * the sum of the three answers whenever nothing is under way.
 */
public final class FaultCounters {
    final LongAdder requests = new LongAdder();
    final LongAdder groups = new LongAdder();
    final LongAdder unhandled = new LongAdder();
    final LongAdder rejected = new LongAdder();
    final LongAdder discarded = new LongAdder();
    final LongAdder timeouts = new LongAdder();
    private final LongAdder success = new LongAdder();
    private final LongAdder invalid = new LongAdder();
    private final LongAdder failure = new LongAdder();

    /** Nothing yet. */
    public FaultCounters() {}

    void answered(PageResponse response) {
        switch (response) {
            case SUCCESS -> success.increment();
            case INVALID -> invalid.increment();
            case FAILURE -> failure.increment();
        }
    }

    /**
     * Adds the values.
     *
     * @param values value by name
     */
    public void read(Map<String, Long> values) {
        values.put("iopf.requests", requests.sum());
        values.put("iopf.groups", groups.sum());
        values.put("iopf.unhandled", unhandled.sum());
        values.put("iopf.rejected", rejected.sum());
        values.put("iopf.discarded", discarded.sum());
        values.put("iopf.timeouts", timeouts.sum());
        values.put("iopf.success", success.sum());
        values.put("iopf.invalid", invalid.sum());
        values.put("iopf.failure", failure.sum());
    }
}
