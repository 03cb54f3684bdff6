package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** Rules of generic_pt (linux-iommu.md section 2.3), for trees whose IOVAs of full width are sign-extended or not. */
public abstract class RadixRuleCases extends RuleCases {
    /**
     * Cases of a format.
     *
     * @param config as {@link RuleCases} says
     * @param noSizes page sizes that the configuration does not offer
     */
    protected RadixRuleCases(PageTableConfig config, long... noSizes) {
        super(config, Errno.ENXIO, noSizes);
    }

    /** Configurations of all formats of the family; of those with halves, in full width and as one range. */
    protected abstract List<PageTableConfig> inAllWidths();

    @Test
    void iovaOutsideTheRangeOrTheHalvesIsErangeAtEachEnd() {
        for (PageTableConfig config : inAllWidths()) {
            iovaOutsideIsErange(config);
        }
    }

    private void iovaOutsideIsErange(PageTableConfig config) {
        PageTable each = format(config).create(config, host);
        boolean halves = each.lastIova() == -1;
        long end = 1L << config.inputBits() - (halves ? 1 : 0);
        long[] outside = halves
                ? new long[] {end, -end - K4, Long.MIN_VALUE, Long.MAX_VALUE & -K4}
                : new long[] {end, -end, -K4, Long.MIN_VALUE};
        nothingIsThere(each, outside);
        assertRefused(Errno.ERANGE, 0, () -> each.mapPages(end - K4, 0, K4, 2, RW));
        assertRefused(Errno.ERANGE, 0, () -> each.mapPages(0, 0, K4, Long.MAX_VALUE, RW));
        assertThat(each.survey().leaves()).isZero();
        for (long iova : halves ? new long[] {0, end - K4, -end, -K4} : new long[] {0, end - K4}) {
            assertThat(each.mapPages(iova, 4 * K4, K4, 1, RW)).isEqualTo(K4);
            assertThat(each.iovaToPhys(iova)).isEqualTo(4 * K4);
            assertThat(each.iovaToPhys(iova + K4 - 1)).isEqualTo(5 * K4 - 1);
        }
        // Tables are known now, and may cover more than there is.
        nothingIsThere(each, outside);
        if (halves) {
            assertRefused(Errno.ERANGE, 0, () -> each.mapPages(-K4, 0, K4, 2, RW));
            assertThat(each.unmapPages(-K4, K4, 3, gather)).isEqualTo(K4);
            assertThat(gather.end()).isEqualTo(-1);
        }
        assertThat(each.unmapPages(end - K4, K4, 3, gather)).isEqualTo(K4);
    }

    private void nothingIsThere(PageTable each, long[] outside) {
        for (long iova : outside) {
            assertRefused(Errno.ERANGE, 0, () -> each.mapPages(iova, 0, K4, 1, RW));
            assertThat(each.unmapPages(iova, K4, 1, gather)).isZero();
            assertThat(each.iovaToPhys(iova)).isZero();
        }
    }

    @Test
    void unmapThatBeginsWhereALargerLeafBeginsRemovesAllOfItAndOneInsideNothing() {
        for (long left = table.config().pageSizes() & ~K4; left != 0; left &= left - 1) {
            long size = Long.lowestOneBit(left);
            table.mapPages(G1, 0, size, 1, RW);
            assertThat(table.unmapPages(G1 + size - K4, K4, 1, gather)).isZero();
            assertThat(table.unmapPages(G1 + K4, K4, 512, gather)).isZero();
            assertThat(gather.isEmpty()).isTrue();
            assertThat(table.unmapPages(G1, K4, 1, gather)).isEqualTo(size);
            assertThat(gather.start()).isEqualTo(G1);
            assertThat(gather.end()).isEqualTo(G1 + size - 1);
            assertThat(table.iovaToPhys(G1)).isZero();
            host.sync(gather);
        }
    }

    @Test
    void unmapGoesOnFromPagesIntoALargerLeaf() {
        table.mapPages(M2 - 2 * K4, 0, K4, 2, RW);
        table.mapPages(M2, 0, M2, 1, RW);
        assertThat(table.unmapPages(M2 - 2 * K4, K4, 3, gather)).isEqualTo(2 * K4 + M2);
        assertThat(table.survey().leaves()).isZero();
        assertThat(gather.pageSize()).isEqualTo(K4);
    }

    @Test
    void walkSeesTheLowerHalfBeforeTheUpperOne() {
        PageTable each = half(true);
        long end = 1L << each.config().inputBits() - 1;
        List<Long> iovas = List.of(0L, end - K4, -end, -K4);
        for (int i = 3; i >= 0; i--) {
            each.mapPages(iovas.get(i), 0, K4, 1, RW);
        }
        List<Long> seen = new ArrayList<>();
        each.walk(0, -1, (iova, paddr, size, entry, prot) -> seen.add(iova));
        assertThat(seen).isEqualTo(iovas);
    }
}
