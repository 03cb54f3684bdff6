package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** No operation uses a table that was unlinked before it began, however slow another one was to remember it. */
class TableCacheTest {
    private static final long M2 = 2 << 20;

    private final TableCache cache = new TableCache(10, 21, 48, 12);

    @Test
    void knowsWhatItWasToldForTheWholeTableAndNothingElse() {
        long iova = 0xffff_ffe0_0000L;
        cache.put(iova, 0xf_ffff_f000L, cache.stamp(iova));
        assertThat(cache.get(iova)).isEqualTo(0xf_ffff_f000L);
        assertThat(cache.get(iova + M2 - 1)).isEqualTo(0xf_ffff_f000L);
        assertThat(cache.get(iova - 1)).isNegative();
        assertThat(cache.get(iova - (M2 << 10))).as("same slot, other tag").isNegative();
        assertThat(cache.get(0)).isNegative();
    }

    @Test
    void tableAtAddressZeroIsATable() {
        cache.put(0, 0, cache.stamp(0));
        assertThat(cache.get(0)).isZero();
    }

    @Test
    void upperHalfIsFoundByItsSignExtendedAddress() {
        long iova = -M2;
        cache.put(iova, 0x1000, cache.stamp(iova));
        assertThat(cache.get(-1)).isEqualTo(0x1000);
    }

    @Test
    void walkThatBeganBeforeTheTableWasForgottenIsNotRemembered() {
        long stamp = cache.stamp(M2);
        cache.forget(M2);
        cache.put(M2, 0x1000, stamp);
        assertThat(cache.get(M2)).isNegative();
        cache.put(M2, 0x2000, cache.stamp(M2));
        assertThat(cache.get(M2)).isEqualTo(0x2000);
        cache.forget(M2 + 5);
        assertThat(cache.get(M2)).isNegative();
    }

    @Test
    void forgettingKeepsTheNeighbourInTheSameSlot() {
        cache.put(M2, 0x1000, cache.stamp(M2));
        cache.forget(M2 + (M2 << 10));
        assertThat(cache.get(M2)).isEqualTo(0x1000);
    }

    @Test
    void lookUpThatIsOvertakenByAnUnmapDoesNotBringTheFreedTableBack() {
        WindowlessMemory memory = new WindowlessMemory();
        TestHost host = new TestHost(memory, TestHost.POOL);
        PageTableConfig config = Configs.of(Configs.SIZES_4K, 30, 32, 0);
        PageTable old = new Stage1Format().create(config, host);
        old.mapPages(0, 0x5000, 4096, 512, Prot.READ);
        long root = old.walkerConfig().root();
        PageTable table = new Stage1Format().adopt(config, root, host); // remembers nothing yet
        IotlbGather gather = new IotlbGather();

        // The look-up has read the leaf table's address when the table is unmapped.
        memory.interruptRead(
                root, () -> assertThat(table.unmapPages(0, M2, 1, gather)).isEqualTo(M2));
        table.iovaToPhys(0);
        host.sync(gather);

        table.mapPages(0x3000, 0x9000, 4096, 1, Prot.READ);
        List<Long> seen = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> seen.add(iova));
        assertThat(seen).containsExactly(0x3000L);
    }
}
