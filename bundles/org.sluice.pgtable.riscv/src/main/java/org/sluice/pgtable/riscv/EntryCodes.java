package org.sluice.pgtable.riscv;

import org.sluice.pgtable.radix.EntryCode;
import org.sluice.pgtable.radix.Level;
import org.sluice.riscv.arch.Napot64k;
import org.sluice.riscv.arch.Pte;

/** How an entry says what it is: valid, and a table when it grants neither reading nor writing nor execution. */
final class EntryCodes {
    /** The one coding of Sv39, Sv48 and Sv57; 64K by Svnapot in 16 equal entries. A table has nothing beside V and address. */
    static final EntryCode SV = new EntryCode.Builder()
            .address(Pte.PPN_MASK, Level.PAGE_SHIFT - Pte.PPN_LSB)
            .leaves(Pte.RWX_MASK, Pte.RWX_MASK, 0)
            .tables(Pte.V_MASK, 0, ~(Pte.PPN_MASK | Pte.V_MASK))
            .withGroups(Pte.N_MASK, Napot64k.N_MASK | Napot64k.SIZE64K_MASK, Napot64k.FRAME_MASK)
            .build();

    private EntryCodes() {}
}
