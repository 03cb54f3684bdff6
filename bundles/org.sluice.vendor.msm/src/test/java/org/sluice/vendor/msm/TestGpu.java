package org.sluice.vendor.msm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.MmRequest;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PageAllocator;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableHost;

/** A GPU whose core makes real page tables in real memory. */
final class TestGpu {
    static final PageTableConfig KERNEL =
            new PageTableConfig("ARM_64_LPAE_S1", 0x40201000L, 48, 40, true, Quirk.ARM_TTBR1 | Quirk.ARM_HD);

    private static final MemoryRegion RAM = new MemoryRegion(0x8000_0000L, 64 << 20);

    final PhysicalMemory memory = new ResidentMemoryFactory().create(List.of(RAM));
    private final PageAllocator allocator = new ResidentMemoryFactory().allocator(memory, RAM);
    final Map<Long, PageTable> tables = new HashMap<>();
    final List<PageTableConfig> asked = new ArrayList<>();

    /** A request for a space with an ASID. */
    MmRequest request(int asid) {
        return request(asid, KERNEL);
    }

    MmRequest request(int asid, PageTableConfig suggested) {
        return new MmRequest() {
            @Override
            public DeviceRecord device() {
                return new DeviceRecord("gpu", List.of(0), 8);
            }

            @Override
            public ContextRecord context() {
                return new ContextRecord(null, asid, 1, suggested, null);
            }

            @Override
            public PageTableConfig suggested() {
                return suggested;
            }

            @Override
            public long createTable(PageTableConfig config) {
                asked.add(config);
                PageTable table = new Stage1Format().create(config, new Host());
                long root = table.walkerConfig().root();
                tables.put(root, table);
                return root;
            }
        };
    }

    /** What a walker that was given a root reads for an IOVA, 4K granule and 48 bits; knows no code of the format. */
    long walk(long ttbr0, long iova) {
        long table = ttbr0 & 0xffff_ffff_f000L;
        for (int shift = 39; ; shift -= 9) {
            long descriptor = memory.read64(table + 8 * (iova >>> shift & 0x1ff));
            if ((descriptor & 1) == 0) {
                return -1;
            }
            long address = descriptor & 0xffff_ffff_f000L;
            if (shift == 12 || (descriptor & 2) == 0) {
                long inside = (1L << shift) - 1;
                return address & ~inside | iova & inside;
            }
            table = address;
        }
    }

    private final class Host implements TableHost {
        private final PageAllocator allocator = TestGpu.this.allocator;

        @Override
        public PhysicalMemory memory() {
            return memory;
        }

        @Override
        public long allocateTable(long bytes, long alignment, long lastAddress) {
            return allocator.allocateBelow(bytes, alignment, lastAddress);
        }

        @Override
        public void freeTable(long address, long bytes) {
            allocator.free(address, bytes);
        }

        @Override
        public void retireTable(long iova, long size, long granule, long address, long bytes) {
            allocator.free(address, bytes);
        }
    }
}
