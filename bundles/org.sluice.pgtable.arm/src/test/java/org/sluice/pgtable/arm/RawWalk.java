package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.Quirk;

/** A walk by hand: reads tables in memory from the root, and knows nothing of the object that wrote them. */
final class RawWalk {
    private final PhysicalMemory memory;
    private final PageTable table;
    private final int granuleShift;
    private final boolean lpa2;

    RawWalk(PhysicalMemory memory, PageTable table) {
        this.memory = memory;
        this.table = table;
        granuleShift = Long.numberOfTrailingZeros(table.config().pageSizes());
        lpa2 = table.config().has(Quirk.ARM_LPA2);
    }

    /** Address of the entry for an IOVA at a level, as the architecture counts them; tables lead there. */
    long entry(long iova, int level) {
        int bits = granuleShift - 3;
        int start = 4 - Configs.levels(table.config());
        long offset = iova & (1L << table.config().inputBits()) - 1;
        long at = table.walkerConfig().root();
        for (int here = start; ; here++) {
            int shift = granuleShift + (3 - here) * bits;
            // Tables of the first level may lie one behind the other.
            long index = here == start ? offset >>> shift : offset >>> shift & (1L << bits) - 1;
            if (here == level) {
                return at + 8 * index;
            }
            long descriptor = memory.read64(at + 8 * index);
            assertThat(descriptor & 3).as("a table at level %d", here).isEqualTo(3);
            at = address(descriptor);
        }
    }

    long descriptor(long iova, int level) {
        return memory.read64(entry(iova, level));
    }

    private long address(long descriptor) {
        if (lpa2) {
            return descriptor & 0x3_ffff_ffff_f000L | (descriptor >>> 8 & 3) << 50;
        }
        long low = descriptor & 0xffff_ffff_ffffL & -(1L << granuleShift);
        return granuleShift == 16 ? low | (descriptor >>> 12 & 15) << 48 : low;
    }
}
