package org.sluice.pgtable.arm;

import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.vmsa.arch.MairAttr;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/** Stage 1 as Linux writes it (linux-iommu.md section 2.1). */
final class Stage1Attributes implements LeafAttributes {
    /** Indices of {@link #MAIR}. */
    static final int NOT_CACHED = 0;

    static final int CACHED = 1;
    static final int DEVICE = 2;
    private static final int OUTER_CACHED = 3;

    /** Memory attributes that the indices select: 0xf404ff44. */
    static final long MAIR = MairAttr.NC << 8 * NOT_CACHED
            | MairAttr.WBRWA << 8 * CACHED
            | MairAttr.DEVICE << 8 * DEVICE
            | MairAttr.INC_OWBRWA << 8 * OUTER_CACHED;

    private final boolean hardwareDirty;
    private final boolean nonSecure;
    private final boolean coherent;
    private final boolean lpa2;

    Stage1Attributes(PageTableConfig config) {
        hardwareDirty = config.has(Quirk.ARM_HD);
        nonSecure = config.has(Quirk.ARM_NS);
        coherent = config.coherentWalk();
        lpa2 = config.has(Quirk.ARM_LPA2);
    }

    @Override
    public long attributes(int prot) {
        long bits = Stage1Leaf.AF_MASK | Stage1Leaf.NG_MASK;
        if ((prot & Prot.WRITE) == 0) {
            bits |= Stage1Leaf.AP_RDONLY_MASK;
        } else if (hardwareDirty) {
            bits |= Stage1Leaf.DBM_MASK;
        }
        if ((prot & Prot.PRIV) == 0) {
            bits |= Stage1Leaf.AP_UNPRIV_MASK;
        }
        bits |= index(prot) << Stage1Leaf.ATTRINDX_LSB;
        if (!lpa2) {
            bits |= ((prot & Prot.CACHE) != 0 ? Stage1Leaf.SH_INNER_SHAREABLE : Stage1Leaf.SH_OUTER_SHAREABLE)
                    << Stage1Leaf.SH_LSB;
        }
        if ((prot & Prot.NOEXEC) != 0) {
            bits |= Stage1Leaf.XN_MASK;
        }
        if (nonSecure) {
            bits |= Stage1Leaf.NS_MASK;
        }
        return bits;
    }

    /** Index of the memory attributes for a protection; Mali has the same. */
    static long index(int prot) {
        return (prot & Prot.MMIO) != 0 ? DEVICE : (prot & Prot.CACHE) != 0 ? CACHED : NOT_CACHED;
    }

    @Override
    public int prot(long descriptor) {
        int prot = Prot.READ;
        // Read-only with DBM is writable memory that hardware has not yet marked dirty.
        if ((descriptor & Stage1Leaf.AP_RDONLY_MASK) == 0 || (descriptor & Stage1Leaf.DBM_MASK) != 0) {
            prot |= Prot.WRITE;
        }
        // In the layout of LPA2 address bits are there: device memory is never cached, as MapRefusal sees to.
        if (lpa2
                ? Stage1Leaf.attrIndx(descriptor) == CACHED
                : Stage1Leaf.sh(descriptor) == Stage1Leaf.SH_INNER_SHAREABLE) {
            prot |= Prot.CACHE;
        }
        if ((descriptor & Stage1Leaf.XN_MASK) == Stage1Leaf.XN_MASK) {
            prot |= Prot.NOEXEC;
        }
        if (Stage1Leaf.attrIndx(descriptor) == DEVICE) {
            prot |= Prot.MMIO;
        }
        if ((descriptor & Stage1Leaf.AP_UNPRIV_MASK) == 0) {
            prot |= Prot.PRIV;
        }
        return prot;
    }

    @Override
    public long pageType() {
        return Stage1Leaf.TYPE_PAGE;
    }

    @Override
    public long tableAttributes() {
        return (nonSecure ? TableDescriptor.NSTABLE_MASK : 0) | (coherent ? 0 : TableDescriptor.SW_SYNC_MASK);
    }
}
