package org.sluice.pgtable.x86;

import java.util.List;
import org.sluice.pgtable.testkit.SplitCases;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.RadixTable;

/** Large leaves of either stage that become tables. */
abstract class StageSplitCases extends SplitCases {
    private final long present;

    StageSplitCases(PageTableFormat format, PageTableConfig config, long present) {
        super(format, List.of(config), config.withQuirks(Quirk.HARDWARE_AD), 0);
        this.present = present;
    }

    @Override
    protected long walkAsADevice(PhysicalMemory memory, RadixTable walker, long iova) {
        long table = walker.root();
        for (int shift = 3 + 9 * walker.levels(); ; shift -= 9) {
            long entry = memory.read64Acquire(table + 8 * (iova >>> shift & 511));
            long address = entry & 0x000f_ffff_ffff_f000L;
            if ((entry & present) == 0) {
                return 0;
            }
            if (shift == 12 || (entry & 1 << 7) != 0) {
                return address + (iova & (1L << shift) - 1);
            }
            table = address;
        }
    }
}
