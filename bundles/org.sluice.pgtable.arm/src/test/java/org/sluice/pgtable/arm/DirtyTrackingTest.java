package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.pgtable.testkit.WindowlessMemory;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Dirty marks of stage 1 (linux-iommu.md section 2.1). */
class DirtyTrackingTest {
    private static final long K4 = 4096;
    private static final long M2 = 2 << 20;
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final long READ_ONLY = 1 << 7;

    private final TestHost host = new TestHost();
    private final PageTableConfig config = Configs.of(Configs.SIZES_4K, 30, 32, Quirk.ARM_HD);
    private final PageTable table = Formats.create(config, host);
    private final IotlbGather gather = new IotlbGather();

    @Test
    void onlyStage1WithHardwareDirtyTracksDirtyPages() {
        assertThat(table).isInstanceOf(DirtyTracking.class);
        assertThat(Formats.adopt(config, table.walkerConfig().root(), host)).isInstanceOf(DirtyTracking.class);
        for (PageTableConfig other : Configs.each()) {
            assertThat(Formats.create(other, host)).isNotInstanceOf(DirtyTracking.class);
        }
    }

    @Test
    void writableLeafIsDirtyUntilItIsClearedAndAgainOnceHardwareMarksIt() {
        table.mapPages(0, 0, K4, 4, RW);
        table.mapPages(4 * K4, 0, K4, 1, Prot.READ);
        table.mapPages(M2, M2, M2, 1, RW);

        assertThat(dirty(0, 2 * M2, true)).containsExactly(0L, K4, 2 * K4, 3 * K4, M2);
        assertThat(gather.start()).isZero();
        assertThat(gather.end()).isEqualTo(2 * M2 - 1);
        assertThat(gather.pageSize()).isEqualTo(K4);
        assertThat(dirty(0, 2 * M2, true)).isEmpty();

        hardwareWrites(2 * K4);
        assertThat(dirty(0, 2 * M2, false)).containsExactly(2 * K4);
        assertThat(dirty(0, 2 * M2, true)).containsExactly(2 * K4);
        assertThat(dirty(0, 2 * M2, false)).isEmpty();
    }

    @Test
    void clearedLeafStaysWritableForTheSoftware() {
        table.mapPages(0, 0x1234_5000L, K4, 1, RW | Prot.CACHE);
        dirty(0, K4, true);
        table.walk(0, K4, (iova, paddr, size, descriptor, prot) -> {
            assertThat(descriptor).isEqualTo(0x0008_0000_1234_5fc7L);
            assertThat(prot).isEqualTo(RW | Prot.CACHE);
            return true;
        });
        assertThat(table.unmapPages(0, K4, 1, gather)).isEqualTo(K4);
    }

    @Test
    void rangeTakesLeavesThatItTouchesAsAWholeAndNoOthers() {
        table.mapPages(0, 0, K4, 4, RW);
        table.mapPages(M2, M2, M2, 1, RW);
        assertThat(dirty(K4 + 5, K4, false)).containsExactly(K4, 2 * K4);
        assertThat(dirty(M2 + K4, 1, true)).containsExactly(M2);
        assertThat(gather.start()).isEqualTo(M2);
        assertThat(gather.end()).isEqualTo(2 * M2 - 1);
        assertThat(dirty(1L << 40, K4, false)).isEmpty();
        assertThat(dirty(2 * K4, Long.MAX_VALUE, false)).containsExactly(2 * K4, 3 * K4);
    }

    @Test
    void visitorThatStopsLeavesLaterMarks() {
        table.mapPages(0, 0, K4, 4, RW);
        List<Long> seen = new ArrayList<>();
        tracking().readDirty(0, M2, true, gather, (iova, paddr, size, descriptor, prot) -> {
            seen.add(iova);
            return seen.size() < 2;
        });
        assertThat(seen).containsExactly(0L, K4);
        assertThat(dirty(0, M2, false)).containsExactly(2 * K4, 3 * K4);
    }

    @Test
    void argumentsThatCannotBeAreEinval() {
        assertRefused(Errno.EINVAL, () -> dirty(0, 0, false));
        assertRefused(Errno.EINVAL, () -> dirty(0, -1, false));
        assertRefused(
                Errno.EINVAL,
                () -> tracking().readDirty(0, 1, true, null, (iova, paddr, size, descriptor, prot) -> true));
    }

    @Test
    void memoryThatDoesNotExcludeTheDeviceIsReadButNotCleared() {
        PageTable far = Formats.create(config, WindowlessMemory.host());
        far.mapPages(0, 0, M2, 1, RW);
        List<Long> seen = new ArrayList<>();
        DirtyTracking tracking = (DirtyTracking) far;
        tracking.readDirty(0, M2, false, null, (iova, paddr, size, descriptor, prot) -> seen.add(iova));
        assertThat(seen).containsExactly(0L);
        assertRefused(
                Errno.EOPNOTSUPP,
                () -> tracking.readDirty(0, M2, true, gather, (iova, paddr, size, descriptor, prot) -> true));
        assertRefused(Errno.EOPNOTSUPP, () -> ((BlockSplitting) far).split(0, true));
    }

    private List<Long> dirty(long iova, long size, boolean clear) {
        gather.clear();
        List<Long> seen = new ArrayList<>();
        tracking().readDirty(iova, size, clear, gather, (at, paddr, bytes, descriptor, prot) -> seen.add(at));
        assertThat(gather.isEmpty()).isEqualTo(!clear || seen.isEmpty());
        return seen;
    }

    private DirtyTracking tracking() {
        return (DirtyTracking) table;
    }

    /** What an SMMU with HTTU does on a write. */
    private void hardwareWrites(long iova) {
        PhysicalMemory memory = host.memory();
        long pages = memory.read64(table.walkerConfig().root()) & 0xffff_ffff_f000L;
        long entry = pages + 8 * (iova >>> 12);
        memory.write64(entry, memory.read64(entry) & ~READ_ONLY);
    }

    private static void assertRefused(Errno errno, Runnable action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }
}
