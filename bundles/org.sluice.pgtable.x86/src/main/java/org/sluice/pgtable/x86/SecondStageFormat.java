package org.sluice.pgtable.x86;

import org.osgi.service.component.annotations.Component;
import org.sluice.pgtable.radix.LeafAttributes;
import org.sluice.pgtable.radix.RadixFormat;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.Quirk;

/**
 * VT-d's second stage: three levels for up to 39 input bits, four up to 48, five above. IOVAs are one range from 0, in full
 * width too.
 */
@Component(
        immediate = true,
        service = PageTableFormat.class,
        property = PageTableFormat.FORMAT + "=" + SecondStageFormat.NAME)
public final class SecondStageFormat extends RadixFormat {
    static final String NAME = "VTDSS";

    private static final int LEAST_LEVELS = 3;

    /** Made by the component runtime, or by a test. */
    public SecondStageFormat() {
        super(
                NAME,
                LEAST_LEVELS,
                EntryCodes.MOST_LEVELS,
                EntryCodes.ADDRESS_BITS,
                Quirk.FORCE_COHERENCE | Quirk.FORCE_WRITEABLE,
                EntryCodes.SECOND_STAGE,
                false);
    }

    @Override
    protected LeafAttributes attributes(PageTableConfig config) {
        return new SecondStageAttributes(config);
    }

    /** AW: 1, 2 and 3 for three, four and five levels. */
    @Override
    protected int mode(int levels) {
        return levels - 2;
    }

    @Override
    protected long leafSizes(int levels) {
        return EntryCodes.LEAF_SIZES;
    }
}
