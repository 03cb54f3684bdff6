package org.sluice.pgtable.arm;

import org.sluice.pgtable.testkit.AllocationCases;

/** No garbage of short descriptors. */
class ShortAllocationTest extends AllocationCases {
    ShortAllocationTest() {
        super(new ShortFormat(), Configs.shortDescriptors(0));
    }
}
