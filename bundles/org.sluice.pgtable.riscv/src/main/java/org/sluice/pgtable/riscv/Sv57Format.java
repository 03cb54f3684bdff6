package org.sluice.pgtable.riscv;

import org.osgi.service.component.annotations.Component;
import org.sluice.riscv.arch.IosatpMode;
import org.sluice.spi.pgtable.PageTableFormat;

/** Sv57: five levels, IOVAs of up to 57 bits. */
@Component(immediate = true, service = PageTableFormat.class, property = PageTableFormat.FORMAT + "=" + Sv57Format.NAME)
public final class Sv57Format extends SvFormat {
    static final String NAME = "RISCV_64_SV57";

    /** Made by the component runtime, or by a test. */
    public Sv57Format() {
        super(NAME, 5, IosatpMode.SV57);
    }
}
