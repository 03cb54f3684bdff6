package org.sluice.vendor.msm.gpu;

import org.sluice.api.ClientTable;
import org.sluice.smmuv2.arch.ContextId;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.smmuv2.arch.TlbStatus;
import org.sluice.smmuv2.arch.TlbSync;
import org.sluice.smmuv2.arch.TlbiAll;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.spi.bus.RegisterFile;

/**
 * The registers of an SMMUv2 that the GPU itself writes: TTBR0 and CONTEXTIDR of a context bank. Firmware opens it; any
 * thread.
 */
public final class TableAperture {
    private static final int SHIFT_4K = 12;
    private static final int SHIFT_64K = 16;

    private final RegisterFile registers;

    /**
     * An aperture on an SMMU.
     *
     * @param registers of an SMMUv2
     */
    public TableAperture(RegisterFile registers) {
        this.registers = registers;
    }

    /**
     * Loads a table; drops every translation of the bank if the ASID stays the same.
     *
     * @param table what to load
     */
    public void load(ClientTable table) {
        long bank = bank(table.bank());
        long before = registers.read64(bank + TranslationTableBase0.OFFSET);
        boolean sameTag = TranslationTableBase0.asid(before) == table.asid();
        registers.write64(bank + TranslationTableBase0.OFFSET, table.ttbr0());
        registers.write32(bank + ContextId.OFFSET, table.contextIdr());
        if (sameTag && before != table.ttbr0()) {
            // what is cached under a shared ASID is the other process's
            registers.write32(bank + TlbiAll.OFFSET, 0);
            registers.write32(bank + TlbSync.OFFSET, 0);
            while (TlbStatus.sactive(registers.read32(bank + TlbStatus.OFFSET)) != 0) {
                Thread.onSpinWait();
            }
        }
    }

    private long bank(int number) {
        long idr1 = registers.read32(SIdr1.OFFSET) & 0xffffffffL;
        int shift = SIdr1.pagesize(idr1) == SIdr1.PAGESIZE_SIZE_64K ? SHIFT_64K : SHIFT_4K;
        return (1L << SIdr1.numpagendxb(idr1) + 1) + number << shift;
    }
}
