package org.sluice.tck;

import org.sluice.pgtable.riscv.Sv57Format;

/** RISCV_64_SV57. */
class Sv57Test extends SvTck {
    Sv57Test() {
        super(new Sv57Format(), 57);
    }
}
