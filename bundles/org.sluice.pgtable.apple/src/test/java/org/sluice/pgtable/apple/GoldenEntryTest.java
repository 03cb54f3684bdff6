package org.sluice.pgtable.apple;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.DartTables;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/**
 * Entries bit for bit. Worked out by hand from linux-iommu.md section 2.3. DART1: valid b0, SP_DIS b1, NO_WRITE b7, NO_READ
 * b8, PA [35:12], sub-pages 0 [63:52] to 0xfff [51:40]; so 0x000fff00_00000003 and an address in place. DART2: NO_CACHE b1,
 * NO_WRITE b2, NO_READ b3, PA &gt;&gt; 4 in [37:10].
 */
class GoldenEntryTest {
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();

    @Test
    void dart1PageGivesTheWholePageAndDeniesByBit() {
        assertThat(dart1(0x3_1234_5000L, RW)).isEqualTo(0x000fff0312345003L);
        assertThat(dart1(0x1234_5000L, Prot.READ)).isEqualTo(0x000fff0012345083L);
        assertThat(dart1(0x1234_5000L, Prot.WRITE)).isEqualTo(0x000fff0012345103L);
        assertThat(dart1(0xf_ffff_f000L, RW | Prot.CACHE | Prot.MMIO)).isEqualTo(0x000fff0ffffff003L);
    }

    @Test
    void dart2PageHasItsAddressFourBitsLower() {
        // 0x12344000 >> 4 = 0x1234400; bits 41:14 of 0x3fffffffc000 do not all fit: 0x3ffffffc000 does, to
        // 0x3ffffffc00.
        assertThat(dart2(0x1234_4000L, RW | Prot.CACHE)).isEqualTo(0x000fff0001234401L);
        assertThat(dart2(0x1234_4000L, RW)).isEqualTo(0x000fff0001234403L);
        assertThat(dart2(0x1234_4000L, Prot.READ | Prot.CACHE)).isEqualTo(0x000fff0001234405L);
        assertThat(dart2(0x1234_4000L, Prot.WRITE | Prot.CACHE)).isEqualTo(0x000fff0001234409L);
        assertThat(dart2(0x3ff_ffff_c000L, RW | Prot.CACHE)).isEqualTo(0x000fff3ffffffc01L);
    }

    private long dart1(long paddr, int prot) {
        PageTable table = new Dart1Format().create(Configs.dart1(Configs.K4, 32), host);
        table.mapPages(0x5000, paddr, Configs.K4, 1, prot);
        long tableEntry = host.memory().read64(table.walkerConfig().root());
        assertThat(tableEntry & 0xfff).isEqualTo(1);
        assertThat(table.iovaToPhys(0x5123)).isEqualTo(paddr | 0x123);
        return host.memory().read64((tableEntry & 0xffffff000L) + 5 * 8);
    }

    private long dart2(long paddr, int prot) {
        PageTable table = new Dart2Format().create(Configs.dart2(36), host);
        table.mapPages(0x14000, paddr, Configs.K16, 1, prot);
        long tableEntry = host.memory().read64(table.walkerConfig().root());
        assertThat(tableEntry & 0x3ff).isEqualTo(1);
        assertThat(table.iovaToPhys(0x14123)).isEqualTo(paddr | 0x123);
        return host.memory().read64((tableEntry << 4 & 0x3ffffffc000L) + 5 * 8);
    }

    @Test
    void runOfPagesAscendsByThePageSizeInBothDialects() {
        PageTable table = new Dart2Format().create(Configs.dart2(36), host);
        table.mapPages(0, 0x1234_4000L, Configs.K16, 7, RW | Prot.CACHE);
        List<Long> entries = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> {
            assertThat(paddr).isEqualTo(0x1234_4000L + iova);
            assertThat(prot).isEqualTo(RW | Prot.CACHE);
            return entries.add(descriptor - 0x000fff0001234401L);
        });
        assertThat(entries).containsExactly(0L, 0x400L, 0x800L, 0xc00L, 0x1000L, 0x1400L, 0x1800L);
    }

    @Test
    void fourTopTablesAreChosenByTheHighestBits() {
        PageTable table = new Dart1Format().create(Configs.dart1(Configs.K4, 32), host);
        DartTables walker = (DartTables) table.walkerConfig();
        assertThat(walker.ttbrs()).hasSize(4).doesNotHaveDuplicates();
        for (int top = 0; top < 4; top++) {
            // A top table of 512 entries of 2M covers 1G: IOVA bits 31:30 choose it.
            table.mapPages((long) top << 30 | 3 << 21, 0x5000, Configs.K4, 1, RW);
            assertThat(host.memory().read64(walker.ttbrs().get(top) + 3 * 8) & 1)
                    .isEqualTo(1);
        }
        assertThat(table.survey().tables()).isEqualTo(8);
    }

    @Test
    void geometryFollowsPageSizeAndInputBits() {
        // 4K: two levels of 9 bits and up to 2 bits of tops, then three; the choice of a top counts as a level.
        assertGeometry(1, 3, Configs.dart1(Configs.K4, 30));
        assertGeometry(2, 3, Configs.dart1(Configs.K4, 31));
        assertGeometry(4, 3, Configs.dart1(Configs.K4, 32));
        assertGeometry(1, 4, Configs.dart1(Configs.K4, 33));
        assertGeometry(1, 4, Configs.dart1(Configs.K4, 36));
        // 16K: levels of 11 bits, one top.
        assertGeometry(1, 3, Configs.dart1(Configs.K16, 36));
        assertGeometry(1, 3, Configs.dart2(36));
        assertGeometry(1, 4, Configs.dart2(37));
        assertGeometry(1, 4, Configs.dart2(42));
    }

    private void assertGeometry(int tops, int levels, PageTableConfig config) {
        DartTables walker = (DartTables) Configs.create(config, host).walkerConfig();
        assertThat(walker.ttbrs()).as("%s", config).hasSize(tops);
        assertThat(walker.levels()).as("%s", config).isEqualTo(levels);
    }
}
