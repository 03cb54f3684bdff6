package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.core.fake.FakeTranslator;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.WalkerConfig;

/** Map and unmap allocate nothing on the Java heap once warm, over the real format and memory. */
class SpaceAllocationTest {
    private static final int WARM = 20_000;
    private static final int COUNTED = 50_000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final Space space = makeSpace();

    private static Space makeSpace() {
        ResidentMemoryFactory factory = new ResidentMemoryFactory();
        MemoryRegion pool = new MemoryRegion(0x4000_0000L, 0x100_0000L);
        PhysicalMemory memory = factory.create(List.of(pool));
        Space made = new Space(
                "space", new FakeTranslator("smmu0"), Commons.of(1000, 1000), memory, factory.allocator(memory, pool));
        PageTableConfig config = new PageTableConfig("ARM_64_LPAE_S1", 0x40201000L, 48, 48, true, 0);
        made.ledger().create(new Stage1Format(), 1, config, new Silent());
        return made;
    }

    /** A context that takes note of nothing. */
    private static final class Silent implements TranslationContext {
        @Override
        public ContextRecord record() {
            return new ContextRecord(new ContextRequest(1, false, false, 0), 1, 1, null, null);
        }

        @Override
        public PageTableConfig tableConfig() {
            return null;
        }

        @Override
        public void install(WalkerConfig walker) {}

        @Override
        public void invalidateAll() {}

        @Override
        public void invalidate(long iova, long size, long granule, boolean leafOnly) {}

        @Override
        public void sync() {}
    }

    private void assertAllocatesNothing(Runnable operation) {
        for (int i = 0; i < WARM; i++) {
            operation.run();
        }
        long thread = Thread.currentThread().getId();
        long before = threads.getThreadAllocatedBytes(thread);
        for (int i = 0; i < COUNTED; i++) {
            operation.run();
        }
        long bytes = threads.getThreadAllocatedBytes(thread) - before;
        assertThat(bytes / COUNTED)
                .as("bytes per operation, of %d in all", bytes)
                .isZero();
    }

    @Test
    void strictMapAndUnmapAllocateNothing_R8() {
        assertAllocatesNothing(() -> {
            space.map(0x10_1000, 0x8000_1000L, 0x3000, 3);
            space.iovaToPhys(0x10_2000);
            space.unmap(0x10_1000, 0x3000);
        });
    }

    @Test
    void gatherIsReusedWithoutAllocating() {
        IotlbGather gather = new IotlbGather();
        assertAllocatesNothing(() -> {
            space.map(0x10_1000, 0x8000_1000L, 0x1000, 3);
            space.unmapFast(0x10_1000, 0x1000, gather);
            space.sync(gather);
        });
    }

    @Test
    void pendingListAndRangeAddAllocateNothing() {
        assertAllocatesNothing(() -> {
            space.map(0x10_1000, 0x8000_1000L, 0x1000, 3);
            space.unmapFast(0x10_1000, 0x1000);
            space.tlbRangeAdd(0x10_1000, 0x1000);
            space.tlbSync();
        });
    }

    @Test
    void spaceOnTwoIommusAllocatesNothingEither() {
        space.ledger().join(new FakeTranslator("smmu1"), new Silent()).activate();
        strictMapAndUnmapAllocateNothing_R8();
        pendingListAndRangeAddAllocateNothing();
    }
}
