package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** The rules of a page table with leaves of 4K, 2M and 1G, one by one; what a format does in a way of its own is with it. */
public abstract class RuleCases {
    /** Smallest leaf. */
    protected static final long K4 = 4096;

    /** What a table of pages covers. */
    protected static final long M2 = 2 << 20;

    /** What a table of those covers. */
    protected static final long G1 = 1 << 30;

    /** Protection that any format grants. */
    protected static final int RW = Prot.READ | Prot.WRITE;

    /** The core. */
    protected final TestHost host = new TestHost();

    /** Under test, empty. */
    protected PageTable table;

    /** For unmaps. */
    protected final IotlbGather gather = new IotlbGather();

    private final PageTableConfig config;
    private final Errno misaligned;
    private final long[] noSizes;

    /**
     * Cases of a format.
     *
     * @param config with one range of IOVAs from 0, of at least 32 bits
     * @param misaligned what a map that is not aligned to its page size is refused with
     * @param noSizes page sizes that the configuration does not offer
     */
    protected RuleCases(PageTableConfig config, Errno misaligned, long... noSizes) {
        this.config = config;
        this.misaligned = misaligned;
        this.noSizes = noSizes;
    }

    @BeforeEach
    void create() {
        table = format(config).create(config, host);
    }

    /** The format of a configuration. */
    protected abstract PageTableFormat format(PageTableConfig config);

    /**
     * An empty table with two halves, or two ranges.
     *
     * @param upper whether it is used above 0
     * @return from {@link #host}
     */
    protected abstract PageTable half(boolean upper);

    /** Configurations of the format that begin at 0, each of another depth or stage. */
    protected abstract List<PageTableConfig> each();

    @Test
    void pageSizeThatIsNotSupportedIsEinval() {
        for (long size : noSizes) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0, size, 1, RW));
            assertThat(table.unmapPages(0, size, 1, gather)).isZero();
        }
    }

    @Test
    void protectionWithUnknownBitsIsEinval() {
        for (int prot : new int[] {RW | 1 << 6, Integer.MIN_VALUE | RW}) {
            assertRefused(Errno.EINVAL, 0, () -> table.mapPages(0, 0, K4, 1, prot));
        }
    }

    @Test
    void misalignedMapIsRefusedAndMisalignedUnmapIsZero() {
        assertRefused(misaligned, 0, () -> table.mapPages(0x800, 0, K4, 1, RW));
        assertRefused(misaligned, 0, () -> table.mapPages(0, 0x10, K4, 1, RW));
        assertRefused(misaligned, 0, () -> table.mapPages(K4, 0, M2, 1, RW));
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
        long end = 1L << table.config().outputBits();
        assertRefused(Errno.ERANGE, 0, () -> table.mapPages(0, end, K4, 1, RW));
        assertRefused(Errno.ERANGE, 0, () -> table.mapPages(0, -K4, K4, 1, RW));
        assertRefused(Errno.ERANGE, 0, () -> table.mapPages(0, end - K4, K4, 2, RW));
        assertThat(table.mapPages(0, end - K4, K4, 1, RW)).isEqualTo(K4);
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
    void largerLeafOverATableInUseIsEexist() {
        table.mapPages(G1 + 7 * K4, 0, K4, 1, RW);
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(G1, 0, M2, 1, RW));
        assertRefused(Errno.EEXIST, 0, () -> table.mapPages(G1, 0, G1, 1, RW));
        assertThat(host.retired).isEmpty();
        assertThat(table.survey().leaves()).isEqualTo(1);
    }

    @Test
    void largerLeafOverAnEmptyTableRetiresItBeforeItIsWritten() {
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
        table.mapPages(0, 0, G1, 1, RW);
        long before = table.survey().tables();
        table.mapPages(G1, 0, K4, 2000, RW);
        assertThat(table.unmapPages(G1, G1, 1, gather)).isEqualTo(G1);
        assertThat(gather.tableCount()).isEqualTo(5);
        host.sync(gather);
        assertThat(table.survey().tables()).isEqualTo(before);
        for (long at = G1; at < G1 + 2000 * K4; at += M2 / 2) {
            assertThat(table.iovaToPhys(at)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void walkIsAscendingBoundedAndCanBeStoppedAndResumed(boolean upper) {
        PageTable half = half(upper);
        long base = half.firstIova() == 0 && upper ? -1L << half.config().inputBits() - 1 : half.firstIova();
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

    @Test
    void enomemAtEveryAllocationLeavesNothingMappedOrLeaked() {
        for (PageTableConfig poorly : each()) {
            long tables = -1;
            int allocations = 0;
            for (; tables < 0; allocations++) {
                TestHost poor = new TestHost();
                poor.failAfter(allocations);
                tables = mapOverManyTables(poorly, poor);
                assertThat(poor.allocatedBytes())
                        .as("%s after %d allocations", poorly, allocations)
                        .isZero();
                assertThat(allocations).isLessThan(20);
            }
            assertThat(allocations)
                    .as("each table of %s was refused once", poorly)
                    .isEqualTo(tables + 1);
        }
    }

    /**
     * Maps 3 leaf tables' worth over the boundary of a table of the level above, and of the next one if there are two.
     *
     * @return tables when the memory was enough, -1 when it was not
     */
    private long mapOverManyTables(PageTableConfig poorly, TestHost poor) {
        PageTable fresh;
        try {
            fresh = format(poorly).create(poorly, poor);
        } catch (IommuException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.ENOMEM);
            return -1;
        }
        long iova = (poorly.inputBits() > 40 ? 1L << 39 : G1) - M2 - 4 * K4;
        long tables = -1;
        try {
            assertThat(fresh.mapPages(iova, 0, K4, 1000, RW)).isEqualTo(1000 * K4);
            tables = fresh.survey().tables();
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
        return tables;
    }

    /** Fails unless a map is refused. */
    protected static void assertRefused(Errno errno, long mapped, Runnable map) {
        assertThatThrownBy(map::run).isInstanceOfSatisfying(MappingException.class, e -> {
            assertThat(e.errno()).isEqualTo(errno);
            assertThat(e.mapped()).isEqualTo(mapped);
            assertThat(e.getMessage()).startsWith(errno + ": ").hasSizeGreaterThan(20);
        });
    }
}
