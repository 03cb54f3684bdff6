package org.sluice.pgtable.apple;

import org.sluice.pgtable.testkit.AllocationCases;

/** No garbage of DART2. */
class AllocationTest extends AllocationCases {
    AllocationTest() {
        super(new Dart2Format(), Configs.dart2(42));
    }
}
