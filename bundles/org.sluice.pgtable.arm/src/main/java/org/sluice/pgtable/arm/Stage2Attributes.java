package org.sluice.pgtable.arm;

import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * Stage 2 as Linux writes it (linux-iommu.md section 2.1): reading and writing are granted one by one, the memory type
 * stands in the leaf itself, and nothing is privileged.
 */
final class Stage2Attributes implements LeafAttributes {
    private final long cached;
    private final boolean coherent;
    private final boolean lpa2;

    Stage2Attributes(PageTableConfig config) {
        cached = config.has(Quirk.ARM_S2FWB) ? Stage2Leaf.MEMATTR_FWB_WB : Stage2Leaf.MEMATTR_WB;
        coherent = config.coherentWalk();
        lpa2 = config.has(Quirk.ARM_LPA2);
    }

    @Override
    public long attributes(int prot) {
        long bits = Stage2Leaf.AF_MASK | access(prot);
        boolean caches = (prot & Prot.CACHE) != 0;
        long memory = (prot & Prot.MMIO) != 0 ? Stage2Leaf.MEMATTR_DEVICE : caches ? cached : Stage2Leaf.MEMATTR_NC;
        bits |= memory << Stage2Leaf.MEMATTR_LSB;
        if (!lpa2) {
            bits |= (caches ? Stage2Leaf.SH_INNER_SHAREABLE : Stage2Leaf.SH_OUTER_SHAREABLE) << Stage2Leaf.SH_LSB;
        }
        return (prot & Prot.NOEXEC) != 0 ? bits | Stage2Leaf.XN_MASK : bits;
    }

    /** Permission bits; Mali has the same. */
    static long access(int prot) {
        return ((prot & Prot.READ) != 0 ? Stage2Leaf.S2AP_R_MASK : 0)
                | ((prot & Prot.WRITE) != 0 ? Stage2Leaf.S2AP_W_MASK : 0);
    }

    @Override
    public int prot(long descriptor) {
        int prot = granted(descriptor);
        // In the layout of LPA2 address bits are there: device memory is never cached, as MapRefusal sees to.
        if (lpa2
                ? Stage2Leaf.memAttr(descriptor) == cached
                : Stage2Leaf.sh(descriptor) == Stage2Leaf.SH_INNER_SHAREABLE) {
            prot |= Prot.CACHE;
        }
        if (Stage2Leaf.memAttr(descriptor) == Stage2Leaf.MEMATTR_DEVICE) {
            prot |= Prot.MMIO;
        }
        return prot;
    }

    /** What permission bits and XN grant; Mali has the same. */
    static int granted(long descriptor) {
        return ((descriptor & Stage2Leaf.S2AP_R_MASK) != 0 ? Prot.READ : 0)
                | ((descriptor & Stage2Leaf.S2AP_W_MASK) != 0 ? Prot.WRITE : 0)
                | ((descriptor & Stage2Leaf.XN_MASK) == Stage2Leaf.XN_MASK ? Prot.NOEXEC : 0);
    }

    @Override
    public long pageType() {
        return Stage2Leaf.TYPE_PAGE;
    }

    @Override
    public long tableAttributes() {
        return coherent ? 0 : TableDescriptor.SW_SYNC_MASK;
    }
}
