package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableSurvey;

/** After a cut, an unmap of exactly the range takes it and nothing else. */
class RangeCutTest {
    private static final long K4 = 4096;
    private static final long K64 = 64 << 10;
    private static final long M2 = 2 << 20;
    private static final long G1 = 1 << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final IotlbGather gather = new IotlbGather();

    static List<PageTableConfig> longDescriptors() {
        return BlockSplittingTest.longDescriptors();
    }

    @ParameterizedTest
    @MethodSource("longDescriptors")
    void anyRangeOfALargeLeafCanBeUnmappedOnceItIsCut(PageTableConfig config) {
        for (long seed = 0; seed < 8; seed++) {
            Random random = new Random(seed);
            PageTable table = Formats.create(config, host);
            long sizes = table.config().pageSizes();
            long page = Long.lowestOneBit(sizes);
            long block = Long.highestOneBit(sizes);
            long room = table.lastIova() - table.firstIova() + 1;
            int leaves = room / block >= 2 ? 2 : 1;
            long first = table.firstIova();
            table.mapPages(first, 0, block, leaves, RW);
            long pages = leaves * block / page;
            long from = random.nextLong(pages);
            long count = 1 + random.nextLong(Math.min(pages - from, 3000));
            long iova = first + from * page;
            long end = iova + count * page;

            ((BlockSplitting) table).cut(iova, count * page, true);

            for (long probe : new long[] {first, iova - 1, iova, end - 1, end, first + leaves * block - 1}) {
                if (Long.compareUnsigned(probe - first, leaves * block) < 0) {
                    assertThat(table.iovaToPhys(probe)).as("0x%x before", probe).isEqualTo(probe - first);
                }
            }
            assertThat(unmap(table, iova, end)).as("seed %d", seed).isEqualTo(count * page);
            assertThat(table.survey().mappedBytes()).isEqualTo(leaves * block - count * page);
            assertThat(table.iovaToPhys(iova)).isZero();
            assertThat(table.iovaToPhys(end - 1)).isZero();
            host.sync(gather);
            table.free();
            assertThat(host.allocatedBytes()).isZero();
        }
    }

    /** Unmaps leaf by leaf whatever begins in a range, as the sizes lie. */
    private long unmap(PageTable table, long iova, long end) {
        long[] done = {0};
        table.walk(iova, end - 1, (at, paddr, size, descriptor, prot) -> {
            done[0] += table.unmapPages(at, size, 1, gather);
            return true;
        });
        return done[0];
    }

    @Test
    void onlyLeavesAcrossAnEndAreSplit() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        table.mapPages(0, G1, M2, 4, RW);
        assertThat(cut(table, K4, 3 * M2 - K4, true)).isEqualTo(1);
        assertThat(table.survey().leavesBySize().get(M2)).isEqualTo(3);
        assertThat(cut(table, K4, 3 * M2 - K4, true)).as("again").isZero();
        assertThat(cut(table, 3 * M2, M2, false)).as("nothing lies across").isZero();
        assertThat(cut(table, 64 * M2, M2 + K4, false)).as("nothing is mapped").isZero();
        assertThat(cut(table, 0, 1L << 48, false)).as("everything").isZero();
    }

    @Test
    void hardwareThatNeedsABreakIsEopnotsuppAndNothingChanges() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K).withQuirks(Quirk.ARM_CONTIGUOUS), host);
        table.mapPages(0, G1, M2, 1, RW);
        table.mapPages(M2, G1, K64, 1, RW);
        TableSurvey before = table.survey();
        for (long from : new long[] {K64, M2 + K4}) {
            assertThatThrownBy(() -> cut(table, from, K4, false)).hasMessageStartingWith("EOPNOTSUPP");
        }
        assertThat(table.survey()).isEqualTo(before);
    }

    @Test
    void enomemMapsTheSame() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        table.mapPages(0, G1, M2, 2, RW);
        host.failAfter(1);
        assertThatThrownBy(() -> cut(table, K4, 2 * M2 - 2 * K4, true)).hasMessageStartingWith("ENOMEM");
        assertThat(table.survey().mappedBytes()).isEqualTo(2 * M2);
        assertThat(table.ranges(0, -1).next().size()).isEqualTo(2 * M2);
    }

    @Test
    void rangesThatCannotBeAreEinval() {
        PageTable table = Formats.create(Configs.of(Configs.SIZES_4K), host);
        long end = 1L << 48;
        for (long[] range : new long[][] {
            {5, K4}, {0, K4 + 1}, {0, 0}, {end, K4}, {end - K4, 2 * K4}, {0, -K4}, {-K4, K4}, {0, end + K4}
        }) {
            assertThatThrownBy(() -> cut(table, range[0], range[1], true))
                    .as("0x%x, 0x%x", range[0], range[1])
                    .hasMessageStartingWith("EINVAL")
                    .hasMessageContaining(String.format("0x%x", range[1]));
        }
        assertThat(cut(table, end - K4, K4, true)).isZero();
    }

    private static int cut(PageTable table, long iova, long size, boolean withoutBreak) {
        return ((BlockSplitting) table).cut(iova, size, withoutBreak);
    }
}
