package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** Races between two operations, with the second one put exactly where it hurts: 4K pages in tables that cover 2M. */
public abstract class InterleavingCases {
    private static final long K4 = 4096;
    private static final long M2 = 2 << 20;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final PageTableFormat format;
    private final PageTableConfig config;
    private final WindowlessMemory memory = new WindowlessMemory();
    private final IotlbGather gather = new IotlbGather();

    /** The core. */
    protected final TestHost host = new TestHost(memory, TestHost.POOL);
    /** Under test, empty. */
    protected final PageTable table;

    private final long root;

    /**
     * Cases of a format.
     *
     * @param format under test
     * @param config with IOVAs of at least 30 bits
     */
    protected InterleavingCases(PageTableFormat format, PageTableConfig config) {
        this.format = format;
        this.config = config;
        table = format.create(config, host);
        root = table.walkerConfig().root();
    }

    /**
     * The table that has an entry for each 2M of the first GiB.
     *
     * @param memory where it is
     * @param root the top table, with pages mapped in the first 2M
     * @return its address
     */
    protected abstract long middle(PhysicalMemory memory, long root);

    @Test
    void tableThatLostTheRaceToBeInstalledIsFreedAndTheOtherIsUsed() {
        host.interruptAllocation(() -> table.mapPages(0x1000, 0x5000, K4, 1, RW));
        assertThat(table.mapPages(0x2000, 0x6000, K4, 1, RW)).isEqualTo(K4);

        assertThat(leaves()).containsExactly(0x1000L, 0x2000L);
        assertThat(table.survey().tableBytes()).isEqualTo(host.allocatedBytes());
    }

    @Test
    void blockThatWonTheRaceAgainstATableIsEexistAndTheTableIsFreed() {
        host.interruptAllocation(() -> table.mapPages(0, M2, M2, 1, RW));
        assertThatThrownBy(() -> table.mapPages(0x2000, 0x6000, K4, 1, RW)).hasMessageStartingWith("EEXIST");
        assertThat(leaves()).containsExactly(0L);
        assertThat(table.survey().tableBytes()).isEqualTo(host.allocatedBytes());
    }

    @Test
    void twoUnmapsOfOneTableGiveItAwayOnce() {
        table.mapPages(0, 0, K4, 512, RW);
        IotlbGather other = new IotlbGather();
        // The first read finds that it is no block, the second one is to take the table out.
        memory.interruptRead(
                middle(memory, root),
                1,
                () -> assertThat(table.unmapPages(0, M2, 1, other)).isEqualTo(M2));

        assertThat(table.unmapPages(0, M2, 1, gather)).isZero();

        assertThat(other.tableCount()).isEqualTo(1);
        assertThat(gather.tableCount()).isZero();
        assertThat(gather.isEmpty()).isTrue();
    }

    @Test
    void lookUpThatIsOvertakenByAnUnmapDoesNotBringTheFreedTableBack() {
        table.mapPages(0, 0x5000, K4, 512, RW);
        PageTable fresh = format.adopt(config, root, host); // remembers nothing yet

        // The look-up has read the leaf table's address when the table is unmapped.
        memory.interruptRead(
                middle(memory, root),
                0,
                () -> assertThat(fresh.unmapPages(0, M2, 1, gather)).isEqualTo(M2));
        fresh.iovaToPhys(0);
        host.sync(gather);

        fresh.mapPages(0x3000, 0x9000, K4, 1, RW);
        assertThat(leaves()).containsExactly(0x3000L);
    }

    /** What is mapped by the tables in memory, not by what an object remembers. */
    protected final List<Long> leaves() {
        List<Long> seen = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> seen.add(iova));
        return seen;
    }
}
