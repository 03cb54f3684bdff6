package org.sluice.tck;

import org.sluice.pgtable.riscv.Sv39Format;

/** RISCV_64_SV39. */
class Sv39Test extends SvTck {
    Sv39Test() {
        super(new Sv39Format(), 39);
    }
}
