package org.sluice.pgtable.arm;

import org.sluice.pgtable.testkit.InterleavingCases;
import org.sluice.spi.memory.PhysicalMemory;

/** Races on long descriptors. */
class InterleavingTest extends InterleavingCases {
    InterleavingTest() {
        super(new Stage1Format(), Configs.of(Configs.SIZES_4K, 30, 32, 0));
    }

    @Override
    protected long middle(PhysicalMemory memory, long root) {
        return root; // of two levels
    }
}
