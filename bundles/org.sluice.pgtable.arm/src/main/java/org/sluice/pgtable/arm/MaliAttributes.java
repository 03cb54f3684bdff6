package org.sluice.pgtable.arm;

import org.sluice.api.Prot;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.vmsa.arch.MaliMemattr;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * Mali as Linux writes it (linux-iommu.md section 2.3): memory by index as in stage 1, permissions as in stage 2, no access
 * flag, always outer shareable, and pages that look like blocks.
 */
final class MaliAttributes implements LeafAttributes {
    /** Memory attributes that the indices select: 0x888d88. */
    static final long MEMATTR = MaliMemattr.IMPLEMENTATION_DEFINED << 8 * Stage1Attributes.NOT_CACHED
            | MaliMemattr.WRITE_ALLOCATE << 8 * Stage1Attributes.CACHED
            | MaliMemattr.IMPLEMENTATION_DEFINED << 8 * Stage1Attributes.DEVICE;

    private final boolean coherent;

    MaliAttributes(PageTableConfig config) {
        coherent = config.coherentWalk();
    }

    @Override
    public long attributes(int prot) {
        long bits = Stage2Attributes.access(prot)
                | Stage1Attributes.index(prot) << Stage1Leaf.ATTRINDX_LSB
                | Stage1Leaf.SH_OUTER_SHAREABLE << Stage1Leaf.SH_LSB;
        return (prot & Prot.NOEXEC) != 0 ? bits | Stage2Leaf.XN_MASK : bits;
    }

    @Override
    public int prot(long descriptor) {
        int index = (int) Stage1Leaf.attrIndx(descriptor);
        return Stage2Attributes.granted(descriptor)
                | (index == Stage1Attributes.CACHED ? Prot.CACHE : 0)
                | (index == Stage1Attributes.DEVICE ? Prot.MMIO : 0);
    }

    @Override
    public long pageType() {
        return Stage1Leaf.TYPE_BLOCK;
    }

    @Override
    public long tableAttributes() {
        return coherent ? 0 : TableDescriptor.SW_SYNC_MASK;
    }
}
