package org.sluice.tck;

import org.sluice.pgtable.riscv.Sv48Format;

/** RISCV_64_SV48. */
class Sv48Test extends SvTck {
    Sv48Test() {
        super(new Sv48Format(), 48);
    }
}
