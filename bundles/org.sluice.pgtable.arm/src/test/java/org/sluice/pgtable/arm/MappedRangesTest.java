package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.MappedRange;
import org.sluice.spi.pgtable.MappedRanges;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Merged ranges are what a plain list of pages says, however far they are asked for at once. */
class MappedRangesTest {
    private static final int PAGES = 1200;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();

    static List<PageTableConfig> each() {
        return Configs.each();
    }

    @ParameterizedTest
    @MethodSource("each")
    void rangesAreTheLongestRunsOfAPlainListOfPages(PageTableConfig config) {
        PageTable table = Formats.create(config, host);
        long page = Long.lowestOneBit(table.config().pageSizes());
        long first = table.firstIova() + (config.has(Quirk.ARM_TTBR1) ? 0 : 64 * page);
        long[] paddrs = new long[PAGES];
        int[] prots = new int[PAGES];
        fill(table, first, paddrs, prots, new Random(3));

        List<MappedRange> whole = drain(table.ranges(0, -1));

        assertThat(whole).isEqualTo(expected(first, page, paddrs, prots, 0, PAGES));
        for (int from = 0; from < PAGES; from += 97) {
            int to = Math.min(PAGES, from + 311);
            assertThat(drain(table.ranges(first + from * page, first + to * page - 1)))
                    .as("pages %d to %d", from, to)
                    .isEqualTo(expected(first, page, paddrs, prots, from, to));
        }
        List<MappedRange> resumed = new ArrayList<>();
        long position = 0;
        while (resumed.size() < whole.size()) {
            MappedRanges some = table.ranges(position, -1);
            for (int i = 0; i < 3 && some.hasNext(); i++) {
                resumed.add(some.next());
            }
            position = some.position();
        }
        assertThat(resumed).as("three at a time").isEqualTo(whole);
    }

    private static void fill(PageTable table, long first, long[] paddrs, int[] prots, Random random) {
        List<Long> sizes = new ArrayList<>();
        long page = Long.lowestOneBit(table.config().pageSizes());
        for (long left = table.config().pageSizes(); left != 0; left &= left - 1) {
            if (Long.lowestOneBit(left) <= PAGES * page) {
                sizes.add(Long.lowestOneBit(left));
            }
        }
        boolean unprotected = table.config().has(Quirk.NO_PERMS);
        long shift = 0;
        for (int i = 0; i < 400; i++) {
            long size = sizes.get(random.nextInt(sizes.size()));
            long iova = (first + random.nextInt(PAGES) * page) & -size;
            int prot = unprotected || random.nextInt(3) != 0 ? RW : Prot.READ;
            shift = random.nextInt(4) == 0 ? random.nextInt(4) * (sizes.get(sizes.size() - 1)) : shift;
            int index = (int) ((iova - first) / page);
            if (iova - first < 0 || index + size / page > PAGES) {
                continue;
            }
            try {
                table.mapPages(iova, iova - first + shift & -size, size, 1, prot);
            } catch (MappingException taken) {
                continue;
            }
            for (int k = 0; k < size / page; k++) {
                paddrs[index + k] = (iova - first + shift & -size) + k * page;
                prots[index + k] = prot;
            }
        }
    }

    private static List<MappedRange> expected(long first, long page, long[] paddrs, int[] prots, int from, int to) {
        List<MappedRange> ranges = new ArrayList<>();
        for (int i = from; i < to; i++) {
            if (prots[i] == 0) {
                continue;
            }
            int start = i;
            while (i + 1 < to && prots[i + 1] == prots[start] && paddrs[i + 1] == paddrs[i] + page) {
                i++;
            }
            ranges.add(new MappedRange(first + start * page, paddrs[start], (i + 1 - start) * page, prots[start]));
        }
        return ranges;
    }

    private static List<MappedRange> drain(MappedRanges ranges) {
        List<MappedRange> all = new ArrayList<>();
        ranges.forEachRemaining(all::add);
        return all;
    }

    @Test
    void nothingIsVisitedThatWasNotAskedFor() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        table.mapPages(0, 0, 4096, 3, RW);
        table.mapPages(0x10_0000, 0, 4096, 3, RW);
        MappedRanges ranges = table.ranges(0, -1);
        assertThat(ranges.next()).isEqualTo(new MappedRange(0, 0, 3 * 4096, RW));
        assertThat(ranges.position()).isEqualTo(3 * 4096);

        table.unmapPages(0x10_0000, 4096, 3, new IotlbGather());
        table.mapPages(0x20_0000, 4096, 4096, 1, RW);

        assertThat(ranges.next()).isEqualTo(new MappedRange(0x20_0000, 4096, 4096, RW));
        assertThat(ranges.hasNext()).isFalse();
        assertThatThrownBy(ranges::next).isInstanceOf(NoSuchElementException.class);
    }

    @Test
    void leafThatReachesOverAnEndIsToldAsFarAsItLiesInside() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        table.mapPages(0, 1L << 30, 1L << 30, 1, RW);
        assertThat(drain(table.ranges(0x1234, 0x5677)))
                .containsExactly(new MappedRange(0x1234, (1L << 30) + 0x1234, 0x4444, RW));
        assertThat(drain(table.ranges(5, 4))).isEmpty();
    }

    @Test
    void lastPageOfTheUpperHalfEndsTheRanges() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K, 48, 48, Quirk.ARM_TTBR1), host);
        table.mapPages(-4096, 0, 4096, 1, RW);
        assertThat(drain(table.ranges(0, -1))).containsExactly(new MappedRange(-4096, 0, 4096, RW));
    }
}
