package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.RuleCases;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;

/** The rules of io-pgtable, one by one. */
class PageTableRulesTest extends RuleCases {
    PageTableRulesTest() {
        super(Configs.of(Configs.SIZES_4K, 40, 40, 0), Errno.EINVAL, 0, 1, 64 << 10, M2 | K4, 1L << 39, -1);
    }

    @Override
    protected PageTableFormat format(PageTableConfig config) {
        return Formats.of(config);
    }

    @Override
    protected PageTable half(boolean upper) {
        return Formats.create(Configs.of(Configs.SIZES_4K, 40, 40, upper ? Quirk.ARM_TTBR1 : 0), host);
    }

    @Override
    protected List<PageTableConfig> each() {
        return Configs.of4K();
    }

    @Test
    void protectionWithoutAccessIsEinval() {
        for (int prot : new int[] {0, Prot.CACHE, Prot.NOEXEC | Prot.MMIO}) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0, K4, 1, prot));
        }
    }

    static List<PageTableConfig> configs() {
        List<PageTableConfig> configs = new ArrayList<>(Configs.each());
        configs.add(new PageTableConfig(ShortFormat.NAME, 4096, 16, 32, true, 0));
        return configs;
    }

    @ParameterizedTest
    @MethodSource("configs")
    void iovaOutsideTheHalfIsErangeAtBothEnds(PageTableConfig config) {
        PageTable half = Formats.create(config, host);
        long page = Long.lowestOneBit(config.pageSizes());
        long first = config.has(Quirk.ARM_TTBR1) ? -1L << config.inputBits() : 0;
        long last = first + (1L << config.inputBits()) - 1;
        assertThat(half.firstIova()).isEqualTo(first);
        assertThat(half.lastIova()).isEqualTo(last);

        long[] outside = {first - page, last + 1, first ^ Long.MIN_VALUE};
        nothingIsThere(half, outside, page);
        assertRefused(Errno.ERANGE, 0, () -> half.mapPages(last + 1 - page, 0, page, 2, RW));
        assertRefused(Errno.ERANGE, 0, () -> half.mapPages(first, 0, page, Long.MAX_VALUE, RW));
        assertThat(half.survey().leaves()).isZero();

        assertThat(half.mapPages(first, 8 * page, page, 1, RW)).isEqualTo(page);
        assertThat(half.mapPages(last + 1 - page, 4 * page, page, 1, RW)).isEqualTo(page);
        assertThat(half.iovaToPhys(first)).isEqualTo(8 * page);
        assertThat(half.iovaToPhys(last)).isEqualTo(5 * page - 1);
        // Tables are known now, and may cover more than there is.
        nothingIsThere(half, outside, page);
        assertThat(half.unmapPages(last + 1 - page, page, 3, gather)).isEqualTo(page);
        assertThat(half.unmapPages(first, page, 1, gather)).isEqualTo(page);
    }

    private void nothingIsThere(PageTable half, long[] outside, long page) {
        for (long iova : outside) {
            assertRefused(Errno.ERANGE, 0, () -> half.mapPages(iova, 0, page, 1, RW));
            assertThat(half.unmapPages(iova, page, 1, gather)).isZero();
            assertThat(half.iovaToPhys(iova)).isZero();
        }
    }

    @Test
    void partOfABlockIsNotUnmapped() {
        table.mapPages(M2, G1, M2, 1, RW);
        assertThat(table.unmapPages(M2, K4, 512, gather)).isZero();
        assertThat(table.unmapPages(M2 + K4, K4, 1, gather)).isZero();
        assertThat(gather.isEmpty()).isTrue();
        assertThat(table.iovaToPhys(M2 + 5)).isEqualTo(G1 + 5);
    }

    @Test
    void unmapGoesOnFromPagesIntoPagesButNotIntoABlock() {
        table.mapPages(0, 0, K4, 512, RW);
        table.mapPages(M2, 0, M2, 1, RW);
        assertThat(table.unmapPages(0, K4, 600, gather)).isEqualTo(M2);
        assertThat(table.iovaToPhys(M2 + 5)).isEqualTo(5);
    }
}
