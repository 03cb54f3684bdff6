package org.sluice.pgtable.amd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTable;

/** D, b6, of each entry is set by hardware; these tests are the hardware. */
class DirtyTrackingTest {
    private static final long D = 1 << 6;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();
    private final PageTable table = new AmdV1Format().create(Configs.of(48), host);
    private final IotlbGather gather = new IotlbGather();

    @Test
    void leafIsDirtyWhenAnyOfItsEntriesIs() {
        table.mapPages(0x10000, 0, 64 << 10, 2, RW);
        for (int replica : new int[] {0, 7, 15}) {
            mark(16 + replica);
            assertThat(dirty(false)).containsExactly("0x10000+0x10000");
            assertThat(dirty(true)).containsExactly("0x10000+0x10000");
            assertThat(dirty(false)).isEmpty();
        }
    }

    @Test
    void clearingTakesEveryMarkAndNothingElseAndAddsTheLeafToTheGather() {
        table.mapPages(0x10000, 0, 64 << 10, 2, RW);
        table.mapPages(0x40000, 0x5000, 4096, 2, RW);
        long before = entry(20);
        mark(16);
        mark(20);
        mark(65);
        assertThat(dirty(true)).containsExactly("0x10000+0x10000", "0x41000+0x1000");
        assertThat(entry(16)).isEqualTo(before);
        assertThat(entry(20)).isEqualTo(before);
        assertThat(gather.start()).isEqualTo(0x10000);
        assertThat(gather.end()).isEqualTo(0x41fff);
        assertThat(gather.pageSize()).isEqualTo(4096);
        assertThat(table.iovaToPhys(0x10123)).isEqualTo(0x123);
    }

    @Test
    void readingWithoutClearingNeedsNoGatherAndLeavesTheMarks() {
        table.mapPages(0, 0, 4096, 1, RW);
        mark(0);
        tracking().readDirty(0, 4096, false, null, (iova, paddr, size, descriptor, prot) -> true);
        assertThat(entry(0) & D).isEqualTo(D);
    }

    @Test
    void onlyTheRangeIsReadAndTheVisitorCanStop() {
        table.mapPages(0, 0, 4096, 8, RW);
        for (int i = 0; i < 8; i++) {
            mark(i);
        }
        List<Long> seen = new ArrayList<>();
        tracking().readDirty(0x2000, 0x3000, true, gather, (iova, paddr, size, descriptor, prot) -> {
            seen.add(iova);
            return iova != 0x3000;
        });
        assertThat(seen).containsExactly(0x2000L, 0x3000L);
        assertThat(entry(1) & D).isEqualTo(D);
        assertThat(entry(3) & D).isZero();
        assertThat(entry(4) & D).isEqualTo(D);
    }

    @Test
    void dirtyLeafIsUnmappedAndSurveyedLikeACleanOne() {
        table.mapPages(0x10000, 0, 64 << 10, 1, RW);
        long digest = table.survey().digest();
        mark(20);
        assertThat(table.survey().digest()).isEqualTo(digest);
        PageTable adopted =
                new AmdV1Format().adopt(Configs.of(48), table.walkerConfig().root(), host);
        assertThat(adopted.unmapPages(0x10000, 64 << 10, 1, gather)).isEqualTo(64 << 10);
        assertThat(dirty(false)).isEmpty();
    }

    private List<String> dirty(boolean clear) {
        List<String> seen = new ArrayList<>();
        tracking()
                .readDirty(
                        0,
                        1L << 48,
                        clear,
                        gather,
                        (iova, paddr, size, descriptor, prot) -> seen.add(String.format("0x%x+0x%x", iova, size)));
        return seen;
    }

    private DirtyTracking tracking() {
        return (DirtyTracking) table;
    }

    private void mark(int index) {
        host.memory().write64(at(index), entry(index) | D);
    }

    private long entry(int index) {
        return host.memory().read64(at(index));
    }

    /** Address of an entry of the first leaf table. */
    private long at(int index) {
        long middle = host.memory().read64(table.walkerConfig().root()) & 0x000ffffffffff000L;
        return (host.memory().read64(middle) & 0x000ffffffffff000L) + 8L * index;
    }
}
