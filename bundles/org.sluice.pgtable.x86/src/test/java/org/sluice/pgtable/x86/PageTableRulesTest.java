package org.sluice.pgtable.x86;

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
import org.sluice.spi.pgtable.Quirk;

/** The rules of a page table, and what either stage grants. */
class PageTableRulesTest extends RadixRuleCases {
    PageTableRulesTest() {
        super(Configs.of(Configs.FIRST, Configs.SIZES, 38, 40), 0, 1, 64 << 10, M2 | K4, 1L << 39, -1);
    }

    @Override
    protected PageTable half(boolean upper) {
        return Configs.FIRST.create(Configs.of(Configs.FIRST, 48), host);
    }

    @Override
    protected List<PageTableConfig> each() {
        return List.of(Configs.of(Configs.FIRST, 48), Configs.of(Configs.FIRST, 57));
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return Configs.format(config);
    }

    @Override
    protected List<PageTableConfig> inAllWidths() {
        List<PageTableConfig> configs = new ArrayList<>(Configs.each());
        configs.add(Configs.of(Configs.SECOND, 20));
        return configs;
    }

    @Test
    void protectionThatGrantsNothingIsEinval() {
        PageTable second = Configs.SECOND.create(Configs.of(Configs.SECOND, 39), host);
        for (int prot : new int[] {0, Prot.NOEXEC, Prot.CACHE, Prot.NOEXEC | Prot.MMIO, Prot.PRIV}) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0, K4, 1, prot));
            assertRefused(Errno.EINVAL, 0, () -> second.mapPages(0, 0, K4, 1, prot));
        }
    }

    @Test
    void secondStageGrantsReadingAndWritingApart() {
        PageTable second = Configs.SECOND.create(Configs.of(Configs.SECOND, 39), host);
        for (int prot : new int[] {Prot.READ, Prot.WRITE, RW}) {
            second.mapPages(0, 0, K4, 1, prot);
            second.walk(0, -1, (iova, paddr, size, entry, granted) -> {
                assertThat(granted).isEqualTo(prot);
                return true;
            });
            assertThat(second.unmapPages(0, K4, 1, gather)).isEqualTo(K4);
        }
    }

    @Test
    void whereEverythingMustBeWriteableReadOnlyIsEinval() {
        PageTableConfig config = Configs.of(Configs.SECOND, 39).withQuirks(Quirk.FORCE_WRITEABLE);
        PageTable second = Configs.SECOND.create(config, host);
        assertRefused(Errno.EINVAL, 0, () -> second.mapPages(0, 0, K4, 1, Prot.READ));
        assertThat(second.mapPages(0, 0, K4, 1, Prot.WRITE)).isEqualTo(K4);
        assertThat(second.mapPages(K4, 0, K4, 1, RW)).isEqualTo(K4);
    }
}
