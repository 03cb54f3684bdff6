package org.sluice.pgtable.riscv;

import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.pgtable.radix.LeafAttributes;
import org.sluice.riscv.arch.Pte;

/**
 * What the bits of a leaf mean, as Linux's generic_pt writes them (linux-iommu.md section 2.3). Writing implies reading: the
 * architecture has no write-only. Accessed and, for writable leaves, dirty are set from the start, so that hardware without
 * the updating of them does not fault. Cacheability has no bits here; {@link Prot#CACHE} and {@link Prot#MMIO} change nothing.
 */
final class SvAttributes implements LeafAttributes {
    private static final int ACCESS = Prot.READ | Prot.WRITE;

    /**
     * Whether a protection can be granted. {@link Prot} can only forbid execution, not ask for it; so what neither reads nor
     * writes grants nothing.
     */
    @Override
    public boolean grants(int prot) {
        return (prot & ACCESS) != 0;
    }

    /** Bits of a leaf for a protection, without the address. */
    @Override
    public long attributes(int prot) {
        long bits = Pte.V_MASK | Pte.R_MASK | Pte.A_MASK;
        if ((prot & Prot.WRITE) != 0) {
            bits |= Pte.W_MASK | Pte.D_MASK;
        }
        if ((prot & Prot.NOEXEC) == 0) {
            bits |= Pte.X_MASK;
        }
        if ((prot & Prot.PRIV) == 0) {
            bits |= Pte.U_MASK;
        }
        return bits;
    }

    /** What a leaf grants, in {@link Prot} bits. */
    @Override
    public int prot(long entry) {
        int prot = (entry & Pte.R_MASK) != 0 ? Prot.READ : 0;
        prot |= (entry & Pte.W_MASK) != 0 ? Prot.WRITE : 0;
        prot |= (entry & Pte.X_MASK) == 0 ? Prot.NOEXEC : 0;
        prot |= (entry & Pte.U_MASK) == 0 ? Prot.PRIV : 0;
        return prot;
    }

    /** Whether the architecture defines what a leaf grants: writable but not readable is reserved. */
    @Override
    public boolean isDefined(long entry) {
        return (entry & (Pte.R_MASK | Pte.W_MASK)) != Pte.W_MASK;
    }

    @Override
    public Errno refusal() {
        return Errno.EOPNOTSUPP;
    }

    @Override
    public long dirty() {
        return Pte.D_MASK;
    }

    @Override
    public long accessed() {
        return Pte.A_MASK;
    }
}
