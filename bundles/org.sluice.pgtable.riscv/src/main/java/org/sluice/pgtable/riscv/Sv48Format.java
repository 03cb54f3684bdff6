package org.sluice.pgtable.riscv;

import org.osgi.service.component.annotations.Component;
import org.sluice.riscv.arch.IosatpMode;
import org.sluice.spi.pgtable.PageTableFormat;

/** Sv48: four levels, IOVAs of up to 48 bits. */
@Component(immediate = true, service = PageTableFormat.class, property = PageTableFormat.FORMAT + "=" + Sv48Format.NAME)
public final class Sv48Format extends SvFormat {
    static final String NAME = "RISCV_64_SV48";

    /** Made by the component runtime, or by a test. */
    public Sv48Format() {
        super(NAME, 4, IosatpMode.SV48);
    }
}
