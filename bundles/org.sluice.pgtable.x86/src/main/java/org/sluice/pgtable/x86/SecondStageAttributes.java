package org.sluice.pgtable.x86;

import org.sluice.api.Prot;
import org.sluice.pgtable.radix.LeafAttributes;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.x86.arch.SecondStageEntry;

/**
 * VT-d's second stage, as Linux's generic_pt writes it (linux-iommu.md section 2.3): reading and writing are independent, and
 * there are no bits for execution or privilege. {@link Quirk#FORCE_COHERENCE} makes every leaf snooped; {@link
 * Quirk#FORCE_WRITEABLE} refuses what cannot be written.
 */
final class SecondStageAttributes implements LeafAttributes {
    private final long common;
    private final int needed;

    SecondStageAttributes(PageTableConfig config) {
        common = config.has(Quirk.FORCE_COHERENCE) ? SecondStageEntry.SNP_MASK : 0;
        needed = config.has(Quirk.FORCE_WRITEABLE) ? Prot.WRITE : Prot.READ | Prot.WRITE;
    }

    @Override
    public boolean grants(int prot) {
        return (prot & needed) != 0;
    }

    @Override
    public long attributes(int prot) {
        long bits = common;
        bits |= (prot & Prot.READ) != 0 ? SecondStageEntry.R_MASK : 0;
        bits |= (prot & Prot.WRITE) != 0 ? SecondStageEntry.W_MASK : 0;
        return bits;
    }

    @Override
    public int prot(long entry) {
        int prot = (entry & SecondStageEntry.R_MASK) != 0 ? Prot.READ : 0;
        prot |= (entry & SecondStageEntry.W_MASK) != 0 ? Prot.WRITE : 0;
        prot |= (entry & SecondStageEntry.SNP_MASK) != 0 ? Prot.CACHE : 0;
        return prot;
    }

    @Override
    public long dirty() {
        return SecondStageEntry.D_MASK;
    }

    @Override
    public long accessed() {
        return SecondStageEntry.A_MASK;
    }
}
