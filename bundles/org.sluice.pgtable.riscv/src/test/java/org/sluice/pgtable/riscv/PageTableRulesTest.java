package org.sluice.pgtable.riscv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.RadixRuleCases;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** The rules of a page table, and of ranges of 64K in it. */
class PageTableRulesTest extends RadixRuleCases {
    private static final long K64 = 64 << 10;

    PageTableRulesTest() {
        super(Configs.of(Configs.SV39, Configs.SIZES, 38, 40), 0, 1, 32 << 10, M2 | K4, 1L << 39, -1);
    }

    @Override
    protected PageTable half(boolean upper) {
        return Configs.SV48.create(Configs.of(Configs.SV48, 48), host);
    }

    @Override
    protected List<PageTableConfig> each() {
        return List.of(Configs.of(Configs.SV39, 38), Configs.of(Configs.SV48, 48), Configs.of(Configs.SV57, 57));
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return Configs.format(config);
    }

    @Override
    protected List<PageTableConfig> inAllWidths() {
        List<PageTableConfig> configs = new ArrayList<>(Configs.each());
        configs.add(Configs.of(Configs.SV39, 20));
        return configs;
    }

    @Test
    void protectionThatGrantsNothingIsEopnotsupp() {
        for (int prot : new int[] {0, Prot.NOEXEC, Prot.CACHE, Prot.NOEXEC | Prot.MMIO, Prot.PRIV}) {
            assertRefused(Errno.EOPNOTSUPP, 0, () -> table.mapPages(0, 0, K4, 1, prot));
        }
    }

    @Test
    void misalignedRangeOf64KIsEnxio() {
        assertRefused(Errno.ENXIO, 0, () -> table.mapPages(0, K4, K64, 1, RW));
        assertRefused(Errno.ENXIO, 0, () -> table.mapPages(K4, 0, K64, 1, RW));
    }

    @Test
    void pageInARangeOf64KAndRangeOverAPageAreEexist() {
        table.mapPages(K64, G1, K64, 1, RW);
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(K64 + 5 * K4, 0, K4, 1, RW));
        table.mapPages(3 * K64 + 15 * K4, 0, K4, 1, RW);
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(2 * K64, 0, K64, 2, RW));
        assertThat(table.iovaToPhys(2 * K64)).isZero();
        assertThat(table.survey().leavesBySize()).containsEntry(K4, 1L).containsEntry(K64, 1L);
    }

    @Test
    void unmapGoesOnFromPagesOverARangeOf64KIntoALargerLeaf() {
        table.mapPages(M2 - K64 - 2 * K4, 0, K4, 2, RW);
        table.mapPages(M2 - K64, 0, K64, 1, RW);
        table.mapPages(M2, 0, M2, 1, RW);
        assertThat(table.unmapPages(M2 - K64 - 2 * K4, K4, 19, gather)).isEqualTo(2 * K4 + K64 + M2);
        assertThat(table.survey().leaves()).isZero();
        assertThat(gather.pageSize()).isEqualTo(K4);
    }

    @Test
    void walkSeesARangeOf64KOnceAlsoFromInside() {
        table.mapPages(0, 0, K4, 3, RW);
        table.mapPages(K64, 0, K64, 2, RW);
        table.mapPages(G1, 0, M2, 2, RW);
        List<Long> all = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, entry, prot) -> all.add(iova));
        assertThat(all).containsExactly(0L, K4, 2 * K4, K64, 2 * K64, G1, G1 + M2);
        List<Long> some = new ArrayList<>();
        table.walk(K64 + 5 * K4, G1 + 5, (iova, paddr, size, entry, prot) -> some.add(iova));
        assertThat(some).containsExactly(K64, 2 * K64, G1);
    }
}
