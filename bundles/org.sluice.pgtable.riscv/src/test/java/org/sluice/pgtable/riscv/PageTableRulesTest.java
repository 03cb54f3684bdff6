package org.sluice.pgtable.riscv;

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

/** The rules of a page table, one by one. */
class PageTableRulesTest {
    private static final long K4 = 4096;
    private static final long K64 = 64 << 10;
    private static final long M2 = 2 << 20;
    private static final long G1 = 1 << 30;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final PageTable table = Configs.SV39.create(Configs.of(Configs.SV39, Configs.SIZES, 38, 40), host);
    private final IotlbGather gather = new IotlbGather();

    @Test
    void pageSizeThatIsNotSupportedIsEinval() {
        for (long size : new long[] {0, 1, 32 << 10, M2 | K4, 1L << 39, -1}) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0, size, 1, RW));
            assertThat(table.unmapPages(0, size, 1, gather)).isZero();
        }
    }

    @Test
    void protectionThatGrantsNothingIsEopnotsupp() {
        for (int prot : new int[] {0, Prot.NOEXEC, Prot.CACHE, Prot.NOEXEC | Prot.MMIO, Prot.PRIV}) {
            assertRefused(Errno.EOPNOTSUPP, 0, () -> table.mapPages(0, 0, K4, 1, prot));
        }
    }

    @Test
    void protectionWithUnknownBitsIsEinval() {
        for (int prot : new int[] {RW | 1 << 6, Integer.MIN_VALUE | RW}) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0, K4, 1, prot));
        }
    }

    @Test
    void addressThatTheSizeCannotRepresentIsEnxioAndMisalignedUnmapIsZero() {
        assertRefused(Errno.ENXIO, 0, () -> table.mapPages(0x800, 0, K4, 1, RW));
        assertRefused(Errno.ENXIO, 0, () -> table.mapPages(0, 0x10, K4, 1, RW));
        assertRefused(Errno.ENXIO, 0, () -> table.mapPages(K4, 0, M2, 1, RW));
        assertRefused(Errno.ENXIO, 0, () -> table.mapPages(0, K4, K64, 1, RW));
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
    void iovaOutsideTheRangeOrTheHalvesIsErangeAtEachEnd(PageTableConfig config) {
        PageTable each = Configs.format(config).create(config, host);
        boolean halves = Configs.hasHalves(config);
        long end = 1L << config.inputBits() - (halves ? 1 : 0);
        long[] outside = halves
                ? new long[] {end, -end - K4, Long.MIN_VALUE, Long.MAX_VALUE & -K4}
                : new long[] {end, -end, -K4, Long.MIN_VALUE};
        for (long iova : outside) {
            assertRefused(Errno.ERANGE, 0, () -> each.mapPages(iova, 0, K4, 1, RW));
            assertThat(each.unmapPages(iova, K4, 1, gather)).isZero();
            assertThat(each.iovaToPhys(iova)).isZero();
        }
        assertRefused(Errno.ERANGE, 0, () -> each.mapPages(end - K4, 0, K4, 2, RW));
        assertRefused(Errno.ERANGE, 0, () -> each.mapPages(0, 0, K4, Long.MAX_VALUE, RW));
        assertThat(each.survey().leaves()).isZero();
        for (long iova : halves ? new long[] {0, end - K4, -end, -K4} : new long[] {0, end - K4}) {
            assertThat(each.mapPages(iova, 4 * K4, K4, 1, RW)).isEqualTo(K4);
            assertThat(each.iovaToPhys(iova)).isEqualTo(4 * K4);
            assertThat(each.iovaToPhys(iova + K4 - 1)).isEqualTo(5 * K4 - 1);
        }
        if (halves) {
            assertRefused(Errno.ERANGE, 0, () -> each.mapPages(-K4, 0, K4, 2, RW));
            assertThat(each.unmapPages(-K4, K4, 3, gather)).isEqualTo(K4);
            assertThat(gather.end()).isEqualTo(-1);
        }
        assertThat(each.unmapPages(end - K4, K4, 3, gather)).isEqualTo(K4);
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
    void pageUnderALargerLeafIsEexist() {
        table.mapPages(0, G1, M2, 1, RW);
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(5 * K4, 0, K4, 1, RW));
        assertThat(table.iovaToPhys(5 * K4)).isEqualTo(G1 + 5 * K4);
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
    void largerLeafOverATableInUseIsEexist() {
        table.mapPages(G1 + 7 * K4, 0, K4, 1, RW);
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(G1, 0, M2, 1, RW));
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(G1, 0, G1, 1, RW));
        assertThat(host.retired).isEmpty();
        assertThat(table.survey().leaves()).isEqualTo(1);
    }

    @Test
    void largerLeafOverATreeOfEmptyTablesRetiresAllOfThem() {
        table.mapPages(G1, 0, K4, 1, RW);
        table.mapPages(G1 + 5 * M2, 0, K4, 1, RW);
        table.unmapPages(G1, K4, 1, gather);
        table.unmapPages(G1 + 5 * M2, K4, 1, gather);

        table.mapPages(G1, 0, G1, 1, RW);

        assertThat(host.retired)
                .extracting(TestHost.Retired::iova, TestHost.Retired::size, TestHost.Retired::granule)
                .containsExactlyInAnyOrder(tuple(G1, G1, K4), tuple(G1, M2, K4), tuple(G1 + 5 * M2, M2, K4));
        // A page below the leaf must not find the old table again.
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
    void unmapThatBeginsWhereALargerLeafBeginsRemovesAllOfItAndOneInsideNothing() {
        for (long size : new long[] {K64, M2, G1}) {
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
    void unmapGoesOnFromPagesOverARangeIntoALargerLeaf() {
        table.mapPages(M2 - K64 - 2 * K4, 0, K4, 2, RW);
        table.mapPages(M2 - K64, 0, K64, 1, RW);
        table.mapPages(M2, 0, M2, 1, RW);
        assertThat(table.unmapPages(M2 - K64 - 2 * K4, K4, 19, gather)).isEqualTo(2 * K4 + K64 + M2);
        assertThat(table.survey().leaves()).isZero();
        assertThat(gather.pageSize()).isEqualTo(K4);
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

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void walkIsAscendingBoundedAndCanBeStoppedAndResumed(boolean upper) {
        PageTable each = Configs.SV48.create(Configs.of(Configs.SV48, 48), host);
        long base = upper ? -1L << 47 : 0;
        each.mapPages(base + G1, 0, M2, 2, Prot.READ);
        each.mapPages(base, 0, K4, 3, RW);
        each.mapPages(base + K64, 0, K64, 2, RW);
        each.mapPages(base + 2 * G1, 0, G1, 1, RW);

        List<Long> all = new ArrayList<>();
        each.walk(0, -1, (iova, paddr, size, entry, prot) -> all.add(iova - base));
        assertThat(all).containsExactly(0L, K4, 2 * K4, K64, 2 * K64, G1, G1 + M2, 2 * G1);

        List<Long> some = new ArrayList<>();
        // A range may begin and end inside leaves.
        each.walk(base + K64 + 5 * K4, base + G1 + 5, (iova, paddr, size, entry, prot) -> some.add(iova - base));
        assertThat(some).containsExactly(K64, 2 * K64, G1);

        List<Long> resumed = new ArrayList<>();
        long[] next = {base};
        for (int round = 0; round < all.size(); round++) {
            each.walk(next[0], each.lastIova(), (iova, paddr, size, entry, prot) -> {
                resumed.add(iova - base);
                next[0] = iova + size;
                return false;
            });
        }
        assertThat(resumed).isEqualTo(all);
    }

    @Test
    void walkSeesTheLowerHalfBeforeTheUpperOne() {
        PageTable each = Configs.SV57.create(Configs.of(Configs.SV57, 57), host);
        List<Long> iovas = List.of(0L, (1L << 56) - K4, -1L << 56, -K4);
        for (int i = 3; i >= 0; i--) {
            each.mapPages(iovas.get(i), 0, K4, 1, RW);
        }
        List<Long> seen = new ArrayList<>();
        each.walk(0, -1, (iova, paddr, size, entry, prot) -> seen.add(iova));
        assertThat(seen).isEqualTo(iovas);
    }

    @Test
    void enomemAtEveryAllocationLeavesNothingMappedOrLeaked() {
        boolean complete = false;
        int allocations = 0;
        for (; !complete; allocations++) {
            TestHost poor = new TestHost();
            poor.failAfter(allocations);
            complete = mapOverManyTables(poor);
            assertThat(poor.allocatedBytes())
                    .as("after %d allocations", allocations)
                    .isZero();
            assertThat(allocations).isLessThan(20);
        }
        assertThat(allocations).as("each of eight tables was refused once").isEqualTo(9);
    }

    /** Maps 3 leaf tables' worth over a 512G boundary: 8 tables with the root. */
    private boolean mapOverManyTables(TestHost poor) {
        PageTable fresh;
        try {
            fresh = Configs.SV48.create(Configs.of(Configs.SV48, 48), poor);
        } catch (IommuException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.ENOMEM);
            return false;
        }
        long iova = (1L << 39) - M2 - 4 * K4;
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
