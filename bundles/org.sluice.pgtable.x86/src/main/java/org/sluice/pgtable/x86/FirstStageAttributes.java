package org.sluice.pgtable.x86;

import org.sluice.api.Prot;
import org.sluice.pgtable.radix.LeafAttributes;
import org.sluice.x86.arch.FirstStageEntry;

/**
 * The first stage, as Linux's generic_pt writes it (linux-iommu.md section 2.3). What is there is readable: there is no
 * write-only. Accessed and, for writable leaves, dirty are set from the start, so that hardware has nothing to update.
 * Cacheability is left to the device; {@link Prot#CACHE} and {@link Prot#MMIO} change nothing.
 */
final class FirstStageAttributes implements LeafAttributes {
    private static final int ACCESS = Prot.READ | Prot.WRITE;

    @Override
    public boolean grants(int prot) {
        return (prot & ACCESS) != 0;
    }

    @Override
    public long attributes(int prot) {
        long bits = FirstStageEntry.P_MASK | FirstStageEntry.A_MASK;
        if ((prot & Prot.WRITE) != 0) {
            bits |= FirstStageEntry.RW_MASK | FirstStageEntry.D_MASK;
        }
        if ((prot & Prot.PRIV) == 0) {
            bits |= FirstStageEntry.U_MASK;
        }
        if ((prot & Prot.NOEXEC) != 0) {
            bits |= FirstStageEntry.XD_MASK;
        }
        return bits;
    }

    @Override
    public int prot(long entry) {
        int prot = Prot.READ;
        prot |= (entry & FirstStageEntry.RW_MASK) != 0 ? Prot.WRITE : 0;
        prot |= (entry & FirstStageEntry.XD_MASK) != 0 ? Prot.NOEXEC : 0;
        prot |= (entry & FirstStageEntry.U_MASK) == 0 ? Prot.PRIV : 0;
        return prot;
    }

    @Override
    public long dirty() {
        return FirstStageEntry.D_MASK;
    }

    @Override
    public long accessed() {
        return FirstStageEntry.A_MASK;
    }
}
