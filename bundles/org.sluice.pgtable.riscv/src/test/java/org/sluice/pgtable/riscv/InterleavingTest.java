package org.sluice.pgtable.riscv;

import org.sluice.pgtable.testkit.InterleavingCases;
import org.sluice.spi.memory.PhysicalMemory;

/** Races on an Sv39 table. */
class InterleavingTest extends InterleavingCases {
    InterleavingTest() {
        super(Configs.SV39, Configs.of(Configs.SV39, 38));
    }

    @Override
    protected long middle(PhysicalMemory memory, long root) {
        return memory.read64(root) - 1 << 2; // without V, shifted
    }
}
