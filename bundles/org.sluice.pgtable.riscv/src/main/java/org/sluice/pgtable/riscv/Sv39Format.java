package org.sluice.pgtable.riscv;

import org.osgi.service.component.annotations.Component;
import org.sluice.riscv.arch.IosatpMode;
import org.sluice.spi.pgtable.PageTableFormat;

/** Sv39: three levels, IOVAs of up to 39 bits. */
@Component(immediate = true, service = PageTableFormat.class, property = PageTableFormat.FORMAT + "=" + Sv39Format.NAME)
public final class Sv39Format extends SvFormat {
    static final String NAME = "RISCV_64_SV39";

    /** Made by the component runtime, or by a test. */
    public Sv39Format() {
        super(NAME, 3, IosatpMode.SV39);
    }
}
