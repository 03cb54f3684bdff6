package org.sluice.smmuv3.driver;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Predicate;
import org.sluice.api.FaultResponse;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.UnitHost;

/** What a core would offer. */
final class TestHost implements UnitHost {
    private final TestMemory memory;
    private final TestAllocator allocator;
    private final List<FaultRecord> faults = new CopyOnWriteArrayList<>();
    private final List<PageRequest> requests = new CopyOnWriteArrayList<>();
    private final List<Integer> seenBeforeLosses = new CopyOnWriteArrayList<>();
    private volatile Predicate<PageRequest> repairs = request -> false;
    private volatile Function<FaultRecord, FaultResponse> handler = fault -> FaultResponse.UNHANDLED;

    TestHost(TestMemory memory) {
        this.memory = memory;
        this.allocator = new TestAllocator(memory);
    }

    List<FaultRecord> faults() {
        return faults;
    }

    List<PageRequest> requests() {
        return requests;
    }

    void repairs(Predicate<PageRequest> predicate) {
        repairs = predicate;
    }

    void onFault(Function<FaultRecord, FaultResponse> function) {
        handler = function;
    }

    @Override
    public TestMemory memory() {
        return memory;
    }

    @Override
    public TestAllocator allocator() {
        return allocator;
    }

    @Override
    public FaultResponse report(FaultRecord fault) {
        faults.add(fault);
        return handler.apply(fault);
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        requests.add(request);
        return repairs.test(request);
    }

    @Override
    public void pageRequestsLost() {
        seenBeforeLosses.add(requests.size());
    }

    /** For each time that requests were lost, how many had come by then. */
    List<Integer> seenBeforeLosses() {
        return seenBeforeLosses;
    }
}
