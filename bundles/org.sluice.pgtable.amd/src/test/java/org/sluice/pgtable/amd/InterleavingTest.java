package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.InterleavingCases;
import org.sluice.spi.memory.PhysicalMemory;

/** Races on a tree, and one to let it grow. */
class InterleavingTest extends InterleavingCases {
    InterleavingTest() {
        super(new AmdV1Format(), Configs.of(64));
    }

    @Override
    protected long middle(PhysicalMemory memory, long root) {
        return memory.read64(root) & 0x000f_ffff_ffff_f000L;
    }

    @Test
    void topThatLostTheRaceToGrowIsFreedAndTheOtherIsUsed() {
        host.interruptAllocation(() -> table.mapPages(1L << 57, 0x5000, 4096, 1, Prot.READ));
        assertThat(table.mapPages(1L << 40, 0x6000, 4096, 1, Prot.READ)).isEqualTo(4096);

        assertThat(leaves()).containsExactly(1L << 40, 1L << 57);
        assertThat(table.survey().tableBytes()).isEqualTo(host.allocatedBytes());
    }
}
