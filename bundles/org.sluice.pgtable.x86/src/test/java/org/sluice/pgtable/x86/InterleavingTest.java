package org.sluice.pgtable.x86;

import org.sluice.pgtable.testkit.InterleavingCases;
import org.sluice.spi.memory.PhysicalMemory;

/** Races on a second stage. */
class InterleavingTest extends InterleavingCases {
    InterleavingTest() {
        super(Configs.SECOND, Configs.of(Configs.SECOND, 38));
    }

    @Override
    protected long middle(PhysicalMemory memory, long root) {
        return memory.read64(root) - 3; // without R and W
    }
}
