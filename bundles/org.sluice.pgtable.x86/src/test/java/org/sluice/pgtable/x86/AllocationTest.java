package org.sluice.pgtable.x86;

import org.sluice.pgtable.testkit.AllocationCases;

/** No garbage of the first stage. */
class AllocationTest extends AllocationCases {
    AllocationTest() {
        super(Configs.FIRST, Configs.of(Configs.FIRST, 47));
    }
}
