package org.sluice.pgtable.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.spi.pgtable.PageTableFormat;

/** Stage 2 with addresses of 40 bits: ARM_32_LPAE_S2 of Linux's io-pgtable, with the same descriptors. */
@Component(
        immediate = true,
        service = PageTableFormat.class,
        property = PageTableFormat.FORMAT + "=" + Stage2Format32.NAME)
public final class Stage2Format32 extends Stage2Format {
    static final String NAME = "ARM_32_LPAE_S2";

    /** Made by the component runtime, or by a test. */
    public Stage2Format32() {
        super(NAME, QUIRKS, new Limits(40, 40, Limits.SIZES_4K));
    }
}
