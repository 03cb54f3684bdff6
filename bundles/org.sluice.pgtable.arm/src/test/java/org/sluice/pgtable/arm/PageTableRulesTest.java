package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** The rules of io-pgtable, one by one. */
class PageTableRulesTest {
    private static final long K4 = 4096;
    private static final long M2 = 2 << 20;
    private static final long G1 = 1 << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final PageTable table = Formats.create(Configs.of(Configs.SIZES_4K, 40, 40, 0), host);
    private final IotlbGather gather = new IotlbGather();

    @Test
    void pageSizeThatIsNotSupportedIsEinval() {
        for (long size : new long[] {0, 1, 64 << 10, M2 | K4, 1L << 39, -1}) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0, size, 1, RW));
            assertThat(table.unmapPages(0, size, 1, gather)).isZero();
        }
    }

    @Test
    void protectionWithoutAccessOrWithUnknownBitsIsEinval() {
        for (int prot : new int[] {0, Prot.CACHE, Prot.NOEXEC | Prot.MMIO, RW | 1 << 6, Integer.MIN_VALUE | RW}) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0, K4, 1, prot));
        }
    }

    @Test
    void misalignedMapIsEinvalAndMisalignedUnmapIsZero() {
        assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0x800, 0, K4, 1, RW));
        assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0x10, K4, 1, RW));
        assertRefused(Errno.EINVAL, 0, () -> table.mapPages(K4, 0, M2, 1, RW));
        table.mapPages(0, 0, K4, 2, RW);
        assertThat(table.unmapPages(0x800, K4, 1, gather)).isZero();
        assertThat(table.unmapPages(K4, M2, 1, gather)).isZero();
        assertThat(table.survey().leaves()).isEqualTo(2);
    }

    @Test
    void pageCountThatIsNotPositiveMapsAndUnmapsNothing() {
        table.mapPages(0, 0, K4, 1, RW);
        for (long count : new long[] {0, -1, Long.MIN_VALUE}) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(M2, 0, K4, count, RW));
            assertThat(table.unmapPages(0, K4, count, gather)).isZero();
        }
    }

    @Test
    void paddrOutsideTheOutputSizeIsErange() {
        long end = 1L << 40;
        assertRefused(Errno.ERANGE, 0, () -> table.mapPages(0, end, K4, 1, RW));
        assertRefused(Errno.ERANGE, 0, () -> table.mapPages(0, -K4, K4, 1, RW));
        assertRefused(Errno.ERANGE, 0, () -> table.mapPages(0, end - K4, K4, 2, RW));
        assertThat(table.mapPages(0, end - K4, K4, 1, RW)).isEqualTo(K4);
    }

    static List<PageTableConfig> configs() {
        return Configs.each();
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

        for (long outside : new long[] {first - page, last + 1, first ^ Long.MIN_VALUE}) {
            assertRefused(Errno.ERANGE, 0, () -> half.mapPages(outside, 0, page, 1, RW));
            assertThat(half.unmapPages(outside, page, 1, gather)).isZero();
            assertThat(half.iovaToPhys(outside)).isZero();
        }
        assertRefused(Errno.ERANGE, 0, () -> half.mapPages(last + 1 - page, 0, page, 2, RW));
        assertRefused(Errno.ERANGE, 0, () -> half.mapPages(first, 0, page, Long.MAX_VALUE, RW));
        assertThat(half.survey().leaves()).isZero();

        assertThat(half.mapPages(first, 8 * page, page, 1, RW)).isEqualTo(page);
        assertThat(half.mapPages(last + 1 - page, 4 * page, page, 1, RW)).isEqualTo(page);
        assertThat(half.iovaToPhys(first)).isEqualTo(8 * page);
        assertThat(half.iovaToPhys(last)).isEqualTo(5 * page - 1);
        assertThat(half.unmapPages(last + 1 - page, page, 3, gather)).isEqualTo(page);
        assertThat(half.unmapPages(first, page, 1, gather)).isEqualTo(page);
    }

    @Test
    void pageOverPageIsEexistWithTheBytesBefore() {
        table.mapPages(M2 + 3 * K4, 0, K4, 1, RW);
        // 512 pages fill the first leaf table; the run in the second one meets the page and writes nothing.
        assertRefused(Errno.EEXIST, M2, () -> table.mapPages(0, G1, K4, 520, RW));
        assertThat(table.iovaToPhys(M2 - 1)).isEqualTo(G1 + M2 - 1);
        assertThat(table.iovaToPhys(M2)).isZero();
        assertThat(table.iovaToPhys(M2 + 3 * K4)).isZero();
        assertThat(table.unmapPages(0, K4, 512, gather)).isEqualTo(M2);
    }

    @Test
    void pageUnderABlockIsEexist() {
        table.mapPages(0, G1, M2, 1, RW);
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(5 * K4, 0, K4, 1, RW));
        assertThat(table.iovaToPhys(5 * K4)).isEqualTo(G1 + 5 * K4);
    }

    @Test
    void blockOverATableInUseIsEexist() {
        table.mapPages(G1 + 7 * K4, 0, K4, 1, RW);
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(G1, 0, M2, 1, RW));
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(G1, 0, G1, 1, RW));
        assertThat(host.retired).isEmpty();
        assertThat(table.survey().leaves()).isEqualTo(1);
    }

    @Test
    void blockOverAnEmptyTableRetiresItBeforeItIsWritten() {
        table.mapPages(G1, 0, K4, 512, RW);
        table.unmapPages(G1, K4, 512, gather);
        long before = host.allocatedBytes();

        assertThat(table.mapPages(G1, 2 * G1, M2, 1, RW)).isEqualTo(M2);

        assertThat(host.retired).hasSize(1);
        TestHost.Retired retired = host.retired.get(0);
        assertThat(retired.iova()).isEqualTo(G1);
        assertThat(retired.size()).isEqualTo(M2);
        assertThat(retired.granule()).isEqualTo(K4);
        assertThat(retired.bytes()).isEqualTo(K4);
        host.freeRetired();
        assertThat(host.allocatedBytes()).isEqualTo(before - K4);
        assertThat(table.iovaToPhys(G1 + 42)).isEqualTo(2 * G1 + 42);
    }

    @Test
    void blockOverATreeOfEmptyTablesRetiresAllOfThem() {
        table.mapPages(G1, 0, K4, 1, RW);
        table.mapPages(G1 + 5 * M2, 0, K4, 1, RW);
        table.unmapPages(G1, K4, 1, gather);
        table.unmapPages(G1 + 5 * M2, K4, 1, gather);

        table.mapPages(G1, 0, G1, 1, RW);

        assertThat(host.retired)
                .extracting(TestHost.Retired::iova, TestHost.Retired::size)
                .containsExactlyInAnyOrder(tuple(G1, G1), tuple(G1, M2), tuple(G1 + 5 * M2, M2));
        // A page below the block must not find the old table again.
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(G1 + K4, 0, K4, 1, RW));
        host.freeRetired();
        table.unmapPages(G1, G1, 1, gather);
        table.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    @Test
    void unmapStopsAtTheFirstHole() {
        table.mapPages(0, 0, K4, 5, RW);
        table.mapPages(6 * K4, 0, K4, 5, RW);
        assertThat(table.unmapPages(0, K4, 11, gather)).isEqualTo(5 * K4);
        assertThat(gather.end()).isEqualTo(5 * K4 - 1);
        assertThat(table.survey().leaves()).isEqualTo(5);
        assertThat(table.unmapPages(5 * K4, K4, 6, gather)).isZero();
        assertThat(table.unmapPages(G1, K4, 6, gather)).isZero();
        assertThat(table.unmapPages(G1, G1, 1, gather)).isZero();
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

    @Test
    void unmapAtATablesOwnSizeGivesTheSubtreeToTheGather() {
        table.mapPages(0, 0, M2, 1, RW);
        table.mapPages(M2, 0, K4, 3, RW);
        table.mapPages(2 * M2, 0, M2, 1, RW);
        long before = host.allocatedBytes();

        assertThat(table.unmapPages(0, M2, 3, gather)).isEqualTo(3 * M2);

        assertThat(gather.tableCount()).isEqualTo(1);
        assertThat(gather.tableBytes(0)).isEqualTo(K4);
        assertThat(gather.pageSize()).isEqualTo(K4);
        assertThat(host.allocatedBytes()).as("kept until the sync").isEqualTo(before);
        assertThat(table.iovaToPhys(M2)).isZero();
        host.sync(gather);
        assertThat(host.allocatedBytes()).isEqualTo(before - K4);
        // The freed table has other contents now; a new page must get a new one.
        table.mapPages(M2 + K4, 7 * K4, K4, 1, RW);
        assertThat(table.iovaToPhys(M2 + K4)).isEqualTo(7 * K4);
        assertThat(table.iovaToPhys(M2)).isZero();
    }

    @Test
    void unmapOf1GTakesTheWholeTree() {
        table.mapPages(G1, 0, K4, 2000, RW);
        assertThat(table.unmapPages(G1, G1, 1, gather)).isEqualTo(G1);
        assertThat(gather.tableCount()).isEqualTo(5);
        host.sync(gather);
        assertThat(table.survey().tables()).as("levels 0 and 1 of 40 bits").isEqualTo(2);
        for (long at = G1; at < G1 + 2000 * K4; at += M2 / 2) {
            assertThat(table.iovaToPhys(at)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void walkIsAscendingBoundedAndCanBeStoppedAndResumed(boolean upper) {
        PageTable half = Formats.create(Configs.of(Configs.SIZES_4K, 40, 40, upper ? Quirk.ARM_TTBR1 : 0), host);
        long base = half.firstIova();
        half.mapPages(base + G1, 0, M2, 2, Prot.READ);
        half.mapPages(base, 0, K4, 3, RW);
        half.mapPages(base + 2 * G1, 0, G1, 1, RW);

        List<Long> all = new ArrayList<>();
        half.walk(0, -1, (iova, paddr, size, descriptor, prot) -> all.add(iova - base));
        assertThat(all).containsExactly(0L, K4, 2 * K4, G1, G1 + M2, 2 * G1);

        List<Long> some = new ArrayList<>();
        // A range may begin and end inside leaves.
        half.walk(base + 2 * K4 + 1, base + G1 + 5, (iova, paddr, size, descriptor, prot) -> some.add(iova - base));
        assertThat(some).containsExactly(2 * K4, G1);

        List<Long> resumed = new ArrayList<>();
        long[] next = {base};
        for (int round = 0; round < 6; round++) {
            half.walk(next[0], half.lastIova(), (iova, paddr, size, descriptor, prot) -> {
                resumed.add(iova - base);
                next[0] = iova + size;
                return false;
            });
        }
        assertThat(resumed).isEqualTo(all);
    }

    static List<PageTableConfig> formats() {
        return Configs.of4K();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void enomemAtEveryAllocationLeavesNothingMappedOrLeaked(PageTableConfig config) {
        boolean complete = false;
        for (int allocations = 0; !complete; allocations++) {
            TestHost poor = new TestHost();
            poor.failAfter(allocations);
            complete = mapOverManyTables(config, poor);
            assertThat(poor.allocatedBytes())
                    .as("after %d allocations", allocations)
                    .isZero();
            assertThat(allocations).isLessThan(20);
        }
    }

    /** Maps 3 leaf tables' worth over the boundary of a table of level 2, and of level 1 if there are two. */
    private boolean mapOverManyTables(PageTableConfig config, TestHost poor) {
        PageTable fresh;
        try {
            fresh = Formats.create(config, poor);
        } catch (IommuException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.ENOMEM);
            return false;
        }
        long iova = (config.inputBits() > 39 ? 1L << 39 : G1) - M2 - 4 * K4;
        boolean complete = false;
        try {
            complete = fresh.mapPages(iova, 0, K4, 1000, RW) == 1000 * K4;
        } catch (MappingException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.ENOMEM);
            assertThat(fresh.unmapPages(iova, K4, refused.mapped() / K4, gather))
                    .isEqualTo(refused.mapped());
            assertThat(fresh.survey().leaves()).isZero();
            poor.sync(gather);
            poor.failAfter(100);
            assertThat(fresh.mapPages(iova, 0, K4, 1000, RW)).as("works again").isEqualTo(1000 * K4);
        }
        fresh.free();
        return complete;
    }

    private static void assertRefused(Errno errno, long mapped, Runnable map) {
        assertThatThrownBy(map::run).isInstanceOfSatisfying(MappingException.class, e -> {
            assertThat(e.errno()).isEqualTo(errno);
            assertThat(e.mapped()).isEqualTo(mapped);
            assertThat(e.getMessage()).startsWith(errno + ": ").hasSizeGreaterThan(20);
        });
    }
}
