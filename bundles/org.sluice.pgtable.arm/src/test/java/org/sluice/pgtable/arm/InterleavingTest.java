package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.pgtable.testkit.WindowlessMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** Races between two operations, with the second one put exactly where it hurts. */
class InterleavingTest {
    private static final long M2 = 2 << 20;
    private static final int RW = Prot.READ | Prot.WRITE;

    /** Two levels: the top table has an entry for each 2M. */
    private final PageTableConfig config = Configs.of(Configs.SIZES_4K, 30, 32, 0);

    private final WindowlessMemory memory = new WindowlessMemory();
    private final TestHost host = new TestHost(memory, TestHost.POOL);
    private final PageTable table = new Stage1Format().create(config, host);
    private final long root = table.walkerConfig().root();
    private final IotlbGather gather = new IotlbGather();

    @Test
    void tableThatLostTheRaceToBeInstalledIsFreedAndTheOtherIsUsed() {
        host.interruptAllocation(() -> table.mapPages(0x1000, 0x5000, 4096, 1, RW));
        assertThat(table.mapPages(0x2000, 0x6000, 4096, 1, RW)).isEqualTo(4096);

        assertThat(leaves()).containsExactly(0x1000L, 0x2000L);
        assertThat(table.survey().tableBytes()).isEqualTo(host.allocatedBytes());
    }

    @Test
    void blockThatWonTheRaceAgainstATableIsEexistAndTheTableIsFreed() {
        host.interruptAllocation(() -> table.mapPages(0, M2, M2, 1, RW));
        assertThatThrownBy(() -> table.mapPages(0x2000, 0x6000, 4096, 1, RW)).hasMessageStartingWith("EEXIST");
        assertThat(leaves()).containsExactly(0L);
        assertThat(table.survey().tableBytes()).isEqualTo(host.allocatedBytes());
    }

    @Test
    void twoUnmapsOfOneTableGiveItAwayOnce() {
        table.mapPages(0, 0, 4096, 512, RW);
        IotlbGather other = new IotlbGather();
        // The first read finds that it is no block, the second one is to take the table out.
        memory.interruptRead(
                root, 1, () -> assertThat(table.unmapPages(0, M2, 1, other)).isEqualTo(M2));

        assertThat(table.unmapPages(0, M2, 1, gather)).isZero();

        assertThat(other.tableCount()).isEqualTo(1);
        assertThat(gather.tableCount()).isZero();
        assertThat(gather.isEmpty()).isTrue();
    }

    @Test
    void lookUpThatIsOvertakenByAnUnmapDoesNotBringTheFreedTableBack() {
        table.mapPages(0, 0x5000, 4096, 512, RW);
        PageTable fresh = new Stage1Format().adopt(config, root, host); // remembers nothing yet

        // The look-up has read the leaf table's address when the table is unmapped.
        memory.interruptRead(
                root, 0, () -> assertThat(fresh.unmapPages(0, M2, 1, gather)).isEqualTo(M2));
        fresh.iovaToPhys(0);
        host.sync(gather);

        fresh.mapPages(0x3000, 0x9000, 4096, 1, RW);
        assertThat(leaves()).containsExactly(0x3000L);
    }

    /** By the tables in memory, not by what an object remembers. */
    private List<Long> leaves() {
        List<Long> seen = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> seen.add(iova));
        return seen;
    }
}
