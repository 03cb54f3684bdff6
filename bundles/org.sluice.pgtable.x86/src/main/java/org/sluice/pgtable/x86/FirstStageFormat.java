package org.sluice.pgtable.x86;

import org.osgi.service.component.annotations.Component;
import org.sluice.pgtable.radix.LeafAttributes;
import org.sluice.pgtable.radix.RadixFormat;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/**
 * x86-64: what AMD calls v2 and VT-d the first stage. Four levels for up to 48 input bits, five above. With 48 or 57 bits IOVAs
 * are sign-extended: there are two halves with a hole between them. Whoever allocates IOVAs from one range asks for 47 or 56.
 */
@Component(
        immediate = true,
        service = PageTableFormat.class,
        property = PageTableFormat.FORMAT + "=" + FirstStageFormat.NAME)
public final class FirstStageFormat extends RadixFormat {
    static final String NAME = "X86_64";

    private static final int LEAST_LEVELS = 4;

    /** Made by the component runtime, or by a test. */
    public FirstStageFormat() {
        super(NAME, LEAST_LEVELS, EntryCodes.MOST_LEVELS, EntryCodes.ADDRESS_BITS, 0, EntryCodes.FIRST_STAGE, true);
    }

    @Override
    protected LeafAttributes attributes(PageTableConfig config) {
        return new FirstStageAttributes();
    }

    /** 0 for four levels, 1 for five, with AMD as with VT-d. */
    @Override
    protected int mode(int levels) {
        return levels - LEAST_LEVELS;
    }

    @Override
    protected long leafSizes(int levels) {
        return EntryCodes.LEAF_SIZES;
    }
}
