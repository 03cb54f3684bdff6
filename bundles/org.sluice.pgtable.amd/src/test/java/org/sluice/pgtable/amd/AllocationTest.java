package org.sluice.pgtable.amd;

import org.sluice.pgtable.testkit.AllocationCases;

/** No garbage of leaves of every size. */
class AllocationTest extends AllocationCases {
    AllocationTest() {
        super(new AmdV1Format(), Configs.of(48));
    }
}
