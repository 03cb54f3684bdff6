package org.sluice.pgtable.riscv;

import org.sluice.pgtable.testkit.AllocationCases;

/** No garbage of Sv48. */
class AllocationTest extends AllocationCases {
    AllocationTest() {
        super(Configs.SV48, Configs.of(Configs.SV48, 47));
    }
}
