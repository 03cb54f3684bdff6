package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sluice.pgtable.amd.Configs.G1;
import static org.sluice.pgtable.amd.Configs.G512;
import static org.sluice.pgtable.amd.Configs.K4;
import static org.sluice.pgtable.amd.Configs.M2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.RadixTable;
import org.sluice.spi.pgtable.WalkerConfig;

/** The domain cases of generic_pt's KUnit (linux-iommu.md section 5.5) that this format has; no page leaks in any. */
class GenericPtTest {
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final IotlbGather gather = new IotlbGather();
    private PageTable table = new AmdV1Format().create(Configs.of(64), host);

    @AfterEach
    void noPageLeaks() {
        host.sync(gather);
        host.freeRetired();
        table.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    @Test
    void increaseLevel() {
        assertThat(levels()).isEqualTo(3);
        table.mapPages(0, 0x5000, K4, 1, RW);
        for (int levels = 4; levels <= 6; levels++) {
            long iova = 1L << 12 + 9 * (levels - 1);
            assertThat(table.mapPages(iova, 0x6000, K4, 1, RW)).isEqualTo(K4);
            assertThat(levels()).isEqualTo(levels);
            assertThat(table.iovaToPhys(iova + 7)).isEqualTo(0x6007);
            assertThat(table.iovaToPhys(7)).isEqualTo(0x5007);
        }
        assertThat(table.mapPages(-K4, 0x7000, K4, 1, RW)).isEqualTo(K4);
        assertThat(table.iovaToPhys(-1)).isEqualTo(0x7fff);
        assertThat(levels()).isEqualTo(6);
    }

    @Test
    void walkerConfigIsTheSameObjectUntilTheTreeGrows() {
        WalkerConfig before = table.walkerConfig();
        table.mapPages(0, 0x5000, K4, 1, RW);
        assertThat(table.walkerConfig()).isSameAs(before);
        table.mapPages(G512, 0x5000, K4, 1, RW);
        assertThat(table.walkerConfig()).isNotEqualTo(before).isSameAs(table.walkerConfig());
    }

    @Test
    void formerTopThatALargeLeafReplacesIsRetiredThroughTheHostAndNotFreedAtOnce() {
        long former = table.walkerConfig().root();
        table.mapPages(0, 0, G512, 1, RW);
        assertThat(host.retired).containsExactly(new TestHost.Retired(0, G512, K4, former, K4));
        assertThat(host.memory().read64(former)).isZero(); // who walks from it finds nothing mapped
        assertThat(table.iovaToPhys(G512 - 1)).isEqualTo(G512 - 1);
    }

    @Test
    void growsOverSeveralLevelsAtOnce() {
        table.mapPages(1L << 60, 0, M2, 1, RW);
        assertThat(levels()).isEqualTo(6);
        assertThat(table.survey().tables()).isEqualTo(3 + 1 + 4);
    }

    @Test
    void unmapDoesNotLetItGrowAndFindsNothingAboveTheTop() {
        assertThat(table.unmapPages(1L << 50, K4, 10, gather)).isZero();
        assertThat(table.unmapPages(0, 1L << 50, 1, gather)).isZero();
        assertThat(table.iovaToPhys(1L << 50)).isZero();
        assertThat(levels()).isEqualTo(3);
    }

    @Test
    void mapSimple() {
        for (int shift = 12; shift <= 51; shift++) {
            long size = 1L << shift;
            assertThat(table.mapPages(size, size, size, 1, RW)).isEqualTo(size);
            assertThatThrownBy(() -> table.mapPages(size, 0, size, 1, RW)).hasMessageStartingWith("EEXIST");
            assertThat(table.iovaToPhys(size)).isEqualTo(size);
            assertThat(table.iovaToPhys(2 * size - 1)).isEqualTo(2 * size - 1);
        }
        assertThat(table.survey().leaves()).isEqualTo(40);
        for (int shift = 12; shift <= 51; shift++) {
            assertThat(table.unmapPages(1L << shift, 1L << shift, 1, gather)).isEqualTo(1L << shift);
        }
        assertThat(table.survey().leaves()).isZero();
    }

    @Test
    void mapTableToOa() {
        for (long size : new long[] {M2, 8 * M2, G1, 4 * G1, G512}) {
            long base = 4 * G512;
            assertThat(table.mapPages(base + size, 0x5000, K4, 1, RW)).isEqualTo(K4);
            assertThatThrownBy(() -> table.mapPages(base + size, 0, size, 1, RW))
                    .hasMessageStartingWith("EEXIST");
            assertThat(table.unmapPages(base + size, K4, 1, gather)).isEqualTo(K4);
            // The table is empty now: the leaf takes its place.
            assertThat(table.mapPages(base + size, 0, size, 1, RW)).isEqualTo(size);
            assertThat(host.retired).isNotEmpty();
            host.freeRetired();
            assertThat(table.unmapPages(base + size, size, 1, gather)).isEqualTo(size);
        }
        assertThat(gather.tableCount()).isZero();
    }

    @Test
    void unmapAtTheStartOfALargeLeafRemovesAllOfIt() {
        for (long size : new long[] {2 * K4, 64 << 10, M2, 32 * M2, G1, 8 * G1, G512}) {
            table.mapPages(size, size, size, 2, RW);
            assertThat(table.unmapPages(size, K4, 1, gather)).as("0x%x", size).isEqualTo(size);
            assertThat(gather.start()).isEqualTo(size);
            assertThat(gather.end()).isEqualTo(2 * size - 1);
            assertThat(gather.pageSize()).isEqualTo(size);
            assertThat(table.iovaToPhys(2 * size - 1)).isZero();
            assertThat(table.iovaToPhys(2 * size)).isEqualTo(2 * size);
            gather.clear();
            assertThat(table.unmapPages(2 * size, size / 2, 1, gather)).isEqualTo(size);
            gather.clear();
        }
        assertThat(table.survey().leaves()).isZero();
    }

    @Test
    void unmapThatStartsInsideALeafReturnsZero() {
        for (long size : new long[] {2 * K4, 64 << 10, M2, 32 * M2, G1, 8 * G1, G512}) {
            table.mapPages(size, size, size, 1, RW);
            assertThat(table.unmapPages(size + K4, K4, 1, gather)).isZero();
            assertThat(table.unmapPages(size + size / 2, size / 2, 1, gather)).isZero();
            assertThat(table.iovaToPhys(size + K4)).isEqualTo(size + K4);
        }
        assertThat(gather.isEmpty()).isTrue();
    }

    @Test
    void unmapTakesSmallerLeavesUpToTheFirstHole() {
        table.mapPages(0x10000, 0, K4, 3, RW);
        table.mapPages(0x14000, 0, 4 * K4, 1, RW);
        assertThat(table.unmapPages(0x10000, 16 * K4, 1, gather)).isEqualTo(3 * K4);
        assertThat(table.unmapPages(0x14000, K4, 2, gather)).isEqualTo(4 * K4);
        // Leaves of several sizes without a hole, and one that reaches over the end.
        table.mapPages(0x20000, 0, K4, 4, RW);
        table.mapPages(0x24000, 0, 4 * K4, 1, RW);
        table.mapPages(0x28000, 0x8000, 8 * K4, 1, RW);
        table.mapPages(0x30000, 0, 16 * K4, 1, RW);
        assertThat(table.unmapPages(0x20000, 4 * K4, 5, gather)).isEqualTo(0x20000);
        assertThat(table.survey().leaves()).isZero();
        assertThat(gather.pageSize()).isEqualTo(K4);
    }

    @Test
    void unmapAcrossTheLargestSizesBelowAGrownTop() {
        table.mapPages(0, 0, G512 / 2, 2, RW);
        assertThat(table.unmapPages(0, G512, 1, gather)).isEqualTo(G512);
        table.mapPages(3 * G512, 0, G512, 1, RW);
        assertThat(levels()).isEqualTo(5);
        table.mapPages(0, 0, G512, 3, RW);
        assertThat(table.unmapPages(0, G512, 4, gather)).isEqualTo(4 * G512);
        assertThat(table.survey().leaves()).isZero();
    }

    @Test
    void unmapOfATablesOwnSizeTakesTheTableOut() {
        table.mapPages(M2, 0, K4, 512, RW);
        assertThat(table.unmapPages(M2, M2, 1, gather)).isEqualTo(M2);
        assertThat(gather.tableCount()).isEqualTo(1);
        assertThat(gather.pageSize()).isEqualTo(K4);
        table.mapPages(4 * M2, 0, K4, 1024, RW);
        assertThat(table.unmapPages(4 * M2, 2 * M2, 1, gather)).isEqualTo(2 * M2);
        assertThat(gather.tableCount()).isEqualTo(3);
    }

    @Test
    void pgsizeBoundary() {
        // iova fef80000, pa 208b95d000, len 20000: both are aligned to 4K only.
        assertThat(mapRange(0xfef80000L, 0x208b95d000L, 0x20000)).isEqualTo(0x20000);
        for (long offset = 0; offset < 0x20000; offset += K4) {
            assertThat(table.iovaToPhys(0xfef80000L + offset)).isEqualTo(0x208b95d000L + offset);
        }
        assertThat(table.iovaToPhys(0xfef80000L - 1)).isZero();
        assertThat(table.iovaToPhys(0xfefa0000L)).isZero();
        assertThat(table.unmapPages(0xfef80000L, 0x20000, 1, gather)).isEqualTo(0x20000);
    }

    @Test
    void mixed() {
        host.freeTable(table.walkerConfig().root(), K4);
        PageTableConfig sizes = Configs.of(64, K4 | M2 | G1);
        table = new AmdV1Format().create(sizes, host);
        mapRange(0x3fe400000L, 0x3fe400000L, 0x4c0600000L - 0x3fe400000L);
        List<Long> leaves = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> {
            assertThat(paddr).isEqualTo(iova);
            return leaves.add(size);
        });
        List<Long> expected = new ArrayList<>(Collections.nCopies(14, M2));
        expected.addAll(Collections.nCopies(3, G1));
        expected.addAll(Collections.nCopies(3, M2));
        assertThat(leaves).isEqualTo(expected);
        assertThat(table.unmapPages(0x3fe400000L, M2, 14, gather)).isEqualTo(14 * M2);
    }

    /** Maps with the largest size that both addresses and the rest have room for, as the core does. */
    private long mapRange(long iova, long paddr, long bytes) {
        long done = 0;
        while (done < bytes) {
            long size = Math.min(
                    Long.lowestOneBit(iova + done | paddr + done | Long.MIN_VALUE), Long.highestOneBit(bytes - done));
            size = Long.highestOneBit(table.config().pageSizes() & (size << 1) - 1);
            done += table.mapPages(iova + done, paddr + done, size, 1, RW);
        }
        return done;
    }

    private int levels() {
        return ((RadixTable) table.walkerConfig()).levels();
    }
}
