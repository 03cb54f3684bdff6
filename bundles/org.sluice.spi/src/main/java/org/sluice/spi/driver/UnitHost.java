package org.sluice.spi.driver;

import org.osgi.annotation.versioning.ProviderType;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;

/** What a driver's unit gets from the core. */
@ProviderType
public interface UnitHost {
    /**
     * Memory for tables and queues.
     *
     * @return the memory
     */
    PhysicalMemory memory();

    /**
     * Where to allocate from. What a unit allocated stays allocated when the unit is released with
     * {@link IommuUnit#handOver}: the successor finds it by the hardware's registers and tables.
     *
     * @return the allocator
     */
    PageAllocator allocator();

    /**
     * Reports a fault. Call it on the unit's event thread.
     *
     * @param fault what the hardware said
     * @return what to do, which matters for a stalled transaction
     */
    org.sluice.api.FaultResponse report(FaultRecord fault);

    /**
     * Reports a fault of which the driver knows the context but not the PASID, because the device loads tables by itself.
     * Call it on the unit's event thread.
     *
     * @param fault what the hardware said
     * @param context whose table was loaded
     * @return as {@link #report(FaultRecord)}
     */
    default org.sluice.api.FaultResponse report(FaultRecord fault, TranslationContext context) {
        return report(fault);
    }

    /**
     * Reports a fault that can be repaired. Call it on the unit's event thread; it never waits.
     *
     * @param request what was asked for
     * @return true when the core answers the group later by {@link PageResponseOperations#respond}; false when nobody wants
     *     to repair it: {@link #report} a stall, answer a page request with INVALID
     */
    boolean pageRequest(PageRequest request);

    /**
     * Says that page requests were lost, because their queue had overflowed: groups that wait for their last request may wait in
     * vain, since the hardware has answered it, so that the device asks again. Call it on the unit's event thread, when every
     * request that was queued before the loss has been reported ({@code iopf_queue_discard_partial}).
     */
    default void pageRequestsLost() {}
}
