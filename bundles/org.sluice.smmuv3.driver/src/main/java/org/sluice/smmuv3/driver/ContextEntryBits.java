package org.sluice.smmuv3.driver;

import java.util.Arrays;
import org.sluice.smmuv3.arch.ContextDescriptor;

/** Used and safe bits of a context descriptor. */
final class ContextEntryBits implements UsedBits {
    private static final long LOWER_HALF = ContextDescriptor.T0SZ_MASK
            | ContextDescriptor.TG0_MASK
            | ContextDescriptor.IR0_MASK
            | ContextDescriptor.OR0_MASK
            | ContextDescriptor.SH0_MASK;

    @Override
    public long[] used(long[] entry) {
        long[] used = new long[ContextDescriptor.WORDS];
        long first = entry[ContextDescriptor.V_WORD];
        if (ContextDescriptor.v(first) == 0) {
            used[ContextDescriptor.V_WORD] = ContextDescriptor.V_MASK;
            return used;
        }
        Arrays.fill(used, -1L);
        if (ContextDescriptor.epd0(first) != 0) {
            used[ContextDescriptor.T0SZ_WORD] &= ~LOWER_HALF;
            used[ContextDescriptor.TTB0_WORD] &= ~ContextDescriptor.TTB0_MASK;
        }
        return used;
    }

    @Override
    public long[] safe(long[] current, long[] target) {
        return new long[ContextDescriptor.WORDS];
    }
}
