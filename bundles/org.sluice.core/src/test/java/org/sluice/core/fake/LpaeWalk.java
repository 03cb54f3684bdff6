package org.sluice.core.fake;

import org.sluice.spi.memory.PhysicalMemory;

/** A walk of stage-1 long descriptors, 4 KiB granule, 39 bits, as short as it can be and independent of the format. */
public record LpaeWalk(PhysicalMemory memory) implements FakeHardware.Walk {
    private static final long ADDRESS = 0xffff_ffff_f000L;

    private static final long READ_ONLY = 1 << 7;

    @Override
    public long walk(long root, long iova) {
        return walk(root, iova, 0);
    }

    @Override
    public long walkForWrite(long root, long iova) {
        return walk(root, iova, READ_ONLY);
    }

    private long walk(long root, long iova, long forbidden) {
        long table = root;
        for (int shift = 30; ; shift -= 9) {
            long descriptor = memory.read64Acquire(table + 8 * (iova >>> shift & 511));
            if ((descriptor & 1) == 0) {
                return 0;
            }
            if (shift == 12 || (descriptor & 2) == 0) {
                if ((descriptor & forbidden) != 0) {
                    return 0;
                }
                return descriptor & ADDRESS & -(1L << shift) | iova & (1L << shift) - 1;
            }
            table = descriptor & ADDRESS;
        }
    }
}
