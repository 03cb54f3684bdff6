package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.SplitCases;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.RadixTable;

/** Leaves of any size that become smaller ones, in their table and in tables below. */
class SplitTest extends SplitCases {
    /** Some in one level, and some a level apart. */
    private static final long SPARSE = 1L << 14 | 1L << 16 | 1L << 25 | 1L << 38;

    SplitTest() {
        super(
                new AmdV1Format(),
                List.of(Configs.of(48), Configs.of(48, SPARSE), Configs.of(39, Configs.K4 | Configs.M2 | Configs.G1)),
                Configs.of(48),
                4 << 20);
    }

    @Override
    protected long walkAsADevice(PhysicalMemory memory, RadixTable walker, long iova) {
        long table = walker.root();
        for (int level = walker.mode(); ; ) {
            int shift = 3 + 9 * level;
            long entry = memory.read64Acquire(table + 8 * (iova >>> shift & 511));
            long address = entry & 0x000f_ffff_ffff_f000L;
            int next = (int) (entry >>> 9 & 7);
            if ((entry & 1) == 0) {
                return 0;
            }
            if (next == 0) {
                return address + (iova & (1L << shift) - 1);
            }
            if (next == 7) {
                // The lowest zero of the address from bit 12 says the size: twice what stands for that bit.
                long size = Long.lowestOneBit(~(address | 0xfff)) << 1;
                return (address & -size) + (iova & size - 1);
            }
            table = address;
            level = next;
        }
    }

    @Test
    void leafIntoSeveralTablesTakesAllOrNone() {
        TestHost host = new TestHost();
        PageTable table = new AmdV1Format().create(Configs.of(48, SPARSE), host);
        long size = 1L << 25;
        table.mapPages(0, 0, size, 1, Prot.READ);
        long before = host.allocatedBytes();
        host.failAfter(15); // of 16, one for each 2M
        assertThatThrownBy(() -> ((BlockSplitting) table).split(0, true)).hasMessageStartingWith("ENOMEM");
        assertThat(host.allocatedBytes()).isEqualTo(before);
        assertThat(table.survey().leavesBySize()).containsOnlyKeys(size);
        host.failAfter(16);
        assertThat(((BlockSplitting) table).split(0, true)).isEqualTo(1 << 16);
        assertThat(host.allocatedBytes()).isEqualTo(before + 16 * Configs.K4);
    }

    @Test
    void sizesTwoLevelsApartAreEopnotsupp() {
        PageTable table = new AmdV1Format().create(Configs.of(48, Configs.K4 | Configs.G1), new TestHost());
        table.mapPages(0, 0, Configs.G1, 1, Prot.READ);
        assertThatThrownBy(() -> ((BlockSplitting) table).split(0, true)).hasMessageStartingWith("EOPNOTSUPP");
        assertThat(table.survey().leavesBySize()).containsOnlyKeys(Configs.G1);
    }
}
