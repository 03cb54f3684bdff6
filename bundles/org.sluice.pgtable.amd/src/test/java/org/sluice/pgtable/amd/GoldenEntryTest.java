package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.RadixTable;

/**
 * Entries bit for bit. Worked out by hand from linux-iommu.md section 2.3: PR b0, D b6, next level [11:9] (0 leaf, 7 size
 * coded), OA [51:12], U b59, FC b60, IR b61, IW b62; a coded size is OA |= size/4K/2 - 1. So the top digit of an entry is
 * 6 for IR and IW, 2 for IR, 4 for IW, 1 more for FC; the last three digits are 001 for a leaf, e01 for a coded leaf, n*2
 * and 01 for a table of level n.
 */
class GoldenEntryTest {
    private static final long PA = 0x12345000L;

    private final TestHost host = new TestHost();
    private final PageTable table = new AmdV1Format().create(Configs.of(64), host);

    @Test
    void pageHasPresentAddressAndPermissions() {
        assertThat(page(Prot.READ | Prot.WRITE)).isEqualTo(0x6000000012345001L);
        assertThat(page(Prot.READ)).isEqualTo(0x2000000012345001L);
        assertThat(page(Prot.WRITE)).isEqualTo(0x4000000012345001L);
        assertThat(page(Prot.READ | Prot.WRITE | Prot.CACHE)).isEqualTo(0x7000000012345001L);
        assertThat(page(Prot.READ | Prot.CACHE)).isEqualTo(0x3000000012345001L);
        assertThat(page(Prot.READ | Prot.NOEXEC | Prot.MMIO | Prot.PRIV)).isEqualTo(0x2000000012345001L);
    }

    private long page(int prot) {
        PageTable fresh = new AmdV1Format().create(Configs.of(48), host);
        fresh.mapPages(0x1000, PA, 4096, 1, prot);
        return entry(entry(entry(root(fresh), 0), 0), 1);
    }

    @Test
    void leavesOfALevelsOwnSizeHaveNextLevelZero() {
        table.mapPages(0x200000, 0x40000000L, 2 << 20, 1, Prot.READ);
        table.mapPages(0x40000000L, 0x80000000L, 1 << 30, 1, Prot.READ | Prot.WRITE);
        assertThat(entry(entry(root(table), 0), 1)).isEqualTo(0x2000000040000001L);
        assertThat(entry(root(table), 1)).isEqualTo(0x6000000080000001L);
    }

    @Test
    void sizeIsCodedInTheLowOnesOfTheAddressAndEveryEntryIsTheSame() {
        // 8K: 8K/4K/2 - 1 = 0, so no ones. 16K: 1. 64K: 7. 1M: 0x7f.
        assertCoded(0, 8 << 10, 0x2000000040000e01L, 2);
        assertCoded(0, 16 << 10, 0x2000000040001e01L, 4);
        assertCoded(0, 64 << 10, 0x2000000040007e01L, 16);
        assertCoded(0, 1 << 20, 0x200000004007fe01L, 256);
        // 4M: 0x1ff, 512M: 0xffff, of 2M each. 2G: 0x3ffff, of 1G each.
        assertCoded(1, 4 << 20, 0x20000000401ffe01L, 2);
        assertCoded(1, 512 << 20, 0x200000004ffffe01L, 256);
        assertCoded(2, 2L << 30, 0x200000003ffffe01L | 0x80000000L, 2);
    }

    private void assertCoded(int level, long size, long expected, int entries) {
        PageTable fresh = new AmdV1Format().create(Configs.of(48), host);
        long paddr = level == 2 ? 0x80000000L : 0x40000000L;
        fresh.mapPages(size, paddr, size, 1, Prot.READ);
        long at = root(fresh);
        for (int i = 2; i > level; i--) {
            at = tableAt(entry(at, 0));
        }
        for (int i = 0; i < 3 * entries && i < 512; i++) {
            assertThat(entry(at, i))
                    .as("entry %d of a leaf of 0x%x", i, size)
                    .isEqualTo(i >= entries && i < 2 * entries ? expected : 0);
        }
    }

    @Test
    void tableEntryHasTheLevelBelowAndRestrictsNothing() {
        table.mapPages(0, PA, 4096, 1, Prot.READ);
        long middle = tableAt(entry(root(table), 0));
        assertThat(entry(root(table), 0)).isEqualTo(middle | 0x6000000000000401L);
        assertThat(entry(middle, 0)).isEqualTo(tableAt(entry(middle, 0)) | 0x6000000000000201L);
    }

    @Test
    void grownTopHasTheOldOneInEntryZero() {
        long old = root(table);
        table.mapPages(1L << 39, PA, 4096, 1, Prot.READ);
        RadixTable grown = (RadixTable) table.walkerConfig();
        assertThat(grown.levels()).isEqualTo(4);
        assertThat(grown.mode()).isEqualTo(4);
        assertThat(grown.root()).isNotEqualTo(old);
        assertThat(entry(grown.root(), 0)).isEqualTo(old | 0x6000000000000601L);
    }

    @Test
    void walkTellsACodedLeafOnceWithItsDescriptorAndProtection() {
        table.mapPages(0x10000, 0x40000000L, 64 << 10, 2, Prot.WRITE | Prot.CACHE);
        List<String> seen = new ArrayList<>();
        table.walk(
                0x18000,
                0x20000,
                (iova, paddr, size, descriptor, prot) -> seen.add(
                        String.format("0x%x 0x%x 0x%x 0x%x %s", iova, paddr, size, descriptor, Prot.toString(prot))));
        assertThat(seen)
                .containsExactly(
                        "0x10000 0x40000000 0x10000 0x5000000040007e01 WRITE|CACHE",
                        "0x20000 0x40010000 0x10000 0x5000000040017e01 WRITE|CACHE");
    }

    private static long root(PageTable table) {
        return table.walkerConfig().root();
    }

    private long entry(long table, int index) {
        return host.memory().read64(tableAt(table) + 8L * index);
    }

    private static long tableAt(long entry) {
        return entry & 0x000ffffffffff000L;
    }
}
