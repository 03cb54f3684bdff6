package org.sluice.pgtable.riscv;

import org.sluice.pgtable.radix.LeafAttributes;
import org.sluice.pgtable.radix.Level;
import org.sluice.pgtable.radix.RadixFormat;
import org.sluice.spi.pgtable.PageTableConfig;

/**
 * What the three formats share: a leaf may be at every level, and 64K, which needs hardware with Svnapot, is used if it is
 * among the page sizes. With the full input width of the format, IOVAs are sign-extended.
 */
abstract class SvFormat extends RadixFormat {
    /** Address bits of an entry: 44 bits of page number. */
    private static final int ADDRESS_BITS = 56;

    private static final long RANGE_64K = 1L << 16;

    private final long mode;

    SvFormat(String name, int levels, long mode) {
        super(name, levels, levels, ADDRESS_BITS, 0, EntryCodes.SV, true);
        this.mode = mode;
    }

    @Override
    protected final LeafAttributes attributes(PageTableConfig config) {
        return new SvAttributes();
    }

    @Override
    protected final int mode(int levels) {
        return (int) mode;
    }

    @Override
    protected final long leafSizes(int levels) {
        long sizes = RANGE_64K;
        for (int level = 0; level < levels; level++) {
            sizes |= 1L << Level.PAGE_SHIFT + level * Level.INDEX_BITS;
        }
        return sizes;
    }
}
