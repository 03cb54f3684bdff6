package org.sluice.pgtable.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.spi.pgtable.PageTableFormat;

/** Stage 1 with input addresses of 32 bits: ARM_32_LPAE_S1 of Linux's io-pgtable, with the same descriptors. */
@Component(
        immediate = true,
        service = PageTableFormat.class,
        property = PageTableFormat.FORMAT + "=" + Stage1Format32.NAME)
public final class Stage1Format32 extends Stage1Format {
    static final String NAME = "ARM_32_LPAE_S1";

    /** Made by the component runtime, or by a test. */
    public Stage1Format32() {
        super(NAME, QUIRKS, new Limits(32, 40, Limits.SIZES_4K));
    }
}
