package org.sluice.pgtable.arm;

import org.sluice.pgtable.testkit.AllocationCases;

/** No garbage of long descriptors. */
class AllocationTest extends AllocationCases {
    AllocationTest() {
        super(new Stage1Format(), Configs.of(Configs.SIZES_4K));
    }
}
