package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.RadixTable;

/** Leaves that become smaller ones while a device walks: it looks after every single write to the tables. */
public abstract class SplitCases {
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final long TARGET = 1L << 46;

    private final PageTableFormat format;
    private final List<PageTableConfig> configs;
    private final PageTableConfig tracked;
    private final long severalEntries;
    private final WindowlessMemory memory = new WindowlessMemory();
    private final TestHost host = new TestHost(memory, TestHost.POOL);

    /**
     * Cases of a format.
     *
     * @param format under test
     * @param configs with physical addresses of 47 bits or more
     * @param tracked one whose tables track dirty pages
     * @param severalEntries size of a leaf that stands in several entries and is split into others of their table; 0 if there
     *     is none
     */
    protected SplitCases(
            PageTableFormat format, List<PageTableConfig> configs, PageTableConfig tracked, long severalEntries) {
        this.format = format;
        this.configs = configs;
        this.tracked = tracked;
        this.severalEntries = severalEntries;
        memory.beAtomicWithDevice();
    }

    /**
     * Reads tables as hardware does, and knows nothing of the object that wrote them.
     *
     * @param memory where they are
     * @param walker what the hardware was told
     * @param iova below 2^46
     * @return physical address; 0 where nothing is mapped
     */
    protected abstract long walkAsADevice(PhysicalMemory memory, RadixTable walker, long iova);

    @Test
    void deviceTranslatesEveryAddressAfterEveryWriteDownToTheSmallestLeaves() {
        for (PageTableConfig config : configs) {
            PageTable table = format.create(config, host);
            long sizes = table.config().pageSizes() & (1L << 45) - 1;
            for (long left = sizes & sizes - 1; left != 0; left &= left - 1) {
                splitDown(table, sizes, Long.lowestOneBit(left));
            }
            table.free();
            assertThat(host.allocatedBytes()).as("left of %s", config).isZero();
        }
    }

    private void splitDown(PageTable table, long sizes, long size) {
        RadixTable walker = (RadixTable) mapped(table, size).walkerConfig();
        long inside = size / 2 + 5;
        List<String> wrong = new ArrayList<>();
        int[] writes = {0};
        memory.afterEachWrite(() -> {
            writes[0]++;
            for (long offset : new long[] {0, 4096, inside, size - 1}) {
                long found = walkAsADevice(memory, walker, offset);
                if (found != TARGET + offset) {
                    wrong.add(String.format("0x%x to 0x%x after write %d", offset, found, writes[0]));
                }
            }
        });
        for (long now = size; now != Long.lowestOneBit(sizes); now = Long.highestOneBit(sizes & now - 1)) {
            assertThat(split(table, inside)).isEqualTo(Long.highestOneBit(sizes & now - 1));
        }
        assertThat(split(table, inside)).as("the smallest").isZero();
        memory.afterEachWrite(() -> {});
        assertThat(writes[0]).isPositive();
        assertThat(wrong).as("of a leaf of 0x%x bytes", size).isEmpty();
        assertThat(format.adopt(table.config(), walker.root(), host).survey()).isEqualTo(table.survey());
        IotlbGather gather = new IotlbGather();
        assertThat(table.unmapPages(0, size, 1, gather)).isEqualTo(size);
        host.sync(gather);
        host.freeRetired();
    }

    private static PageTable mapped(PageTable table, long size) {
        assertThat(table.mapPages(0, TARGET, size, 1, RW)).isEqualTo(size);
        return table;
    }

    @Test
    void partsOfALeafInSeveralEntriesCountAsWrittenBecauseOneMarkStoodForAll() {
        if (severalEntries == 0) {
            return;
        }
        for (int prot : new int[] {RW, Prot.READ}) {
            PageTable table = format.create(tracked, host);
            table.mapPages(0, 0, severalEntries, 1, prot);
            IotlbGather gather = new IotlbGather();
            dirty(table, gather);
            long part = split(table, 0);
            assertThat(part).isBetween(1L, severalEntries / 2);
            assertThat(dirty(table, gather)).hasSize(prot == RW ? (int) (severalEntries / part) : 0);
        }
    }

    private List<Long> dirty(PageTable table, IotlbGather gather) {
        List<Long> dirty = new ArrayList<>();
        ((DirtyTracking) table)
                .readDirty(0, severalEntries, true, gather, (iova, paddr, size, entry, prot) -> dirty.add(iova));
        return dirty;
    }

    @Test
    void memoryInWhichAMarkCouldBeLostIsEopnotsupp() {
        TestHost far = WindowlessMemory.host();
        PageTable table = format.create(tracked, far);
        mapped(table, 2 << 20);
        assertThatThrownBy(() -> split(table, 0)).hasMessageStartingWith("EOPNOTSUPP");
        assertThat(table.survey().leavesBySize()).containsOnlyKeys(2L << 20);
    }

    private static long split(PageTable table, long iova) {
        return ((BlockSplitting) table).split(iova, true);
    }
}
