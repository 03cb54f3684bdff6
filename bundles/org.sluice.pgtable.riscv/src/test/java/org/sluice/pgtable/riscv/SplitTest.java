package org.sluice.pgtable.riscv;

import java.util.List;
import org.sluice.pgtable.testkit.SplitCases;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.RadixTable;

/** Large leaves that become tables, and those of 64K that become pages. */
class SplitTest extends SplitCases {
    SplitTest() {
        super(
                Configs.SV48,
                List.of(
                        Configs.of(Configs.SV48, 47),
                        Configs.of(Configs.SV48, Configs.SIZES & ~(1L << 16) | 1L << 39, 48, Configs.OUTPUT_BITS)),
                Configs.of(Configs.SV48, 47).withQuirks(Quirk.HARDWARE_AD),
                64 << 10);
    }

    @Override
    protected long walkAsADevice(PhysicalMemory memory, RadixTable walker, long iova) {
        long table = walker.root();
        for (int shift = 3 + 9 * walker.levels(); ; shift -= 9) {
            long entry = memory.read64Acquire(table + 8 * (iova >>> shift & 511));
            long address = (entry >>> 10 & (1L << 44) - 1) << 12;
            if ((entry & 1) == 0) {
                return 0;
            }
            if ((entry & 0xe) != 0) {
                boolean napot = entry < 0;
                if (napot && (shift != 12 || (address & 0xf000) != 0x8000)) {
                    return 0; // reserved
                }
                long offset = iova & (napot ? 0xffff : (1L << shift) - 1);
                return (napot ? address & ~0xffffL : address) + offset;
            }
            table = address;
        }
    }
}
