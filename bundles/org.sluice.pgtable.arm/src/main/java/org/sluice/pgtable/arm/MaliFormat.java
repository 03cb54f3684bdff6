package org.sluice.pgtable.arm;

import org.osgi.service.component.annotations.Component;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.pgtable.MaliTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.WalkerConfig;
import org.sluice.vmsa.arch.MaliTranstab;

/**
 * The long descriptors of Mali GPUs: ARM_MALI_LPAE of Linux's io-pgtable (linux-iommu.md section 2.3). Walks always begin
 * at level 0, however few input bits there are. Stateless; any thread may call it.
 */
@Component(immediate = true, service = PageTableFormat.class, property = PageTableFormat.FORMAT + "=" + MaliFormat.NAME)
public final class MaliFormat extends LpaeFormat {
    static final String NAME = "ARM_MALI_LPAE";

    /** Made by the component runtime, or by a test. */
    public MaliFormat() {
        super(NAME, 0, new Limits(48, 40, Limits.SIZES_4K));
    }

    @Override
    Geometry geometry(Granule granule, int inputBits, int outputBits) {
        return new Geometry(granule, inputBits, Level.LAST + 1);
    }

    /** TRANSTAB has no bits for a root that is not aligned to a page. */
    @Override
    long rootAlignment(Geometry geometry) {
        return geometry.granule.bytes();
    }

    /** Nothing codes the output size; it bounds what is mapped, and must hold a page. */
    @Override
    void checkOutputBits(int bits) {
        if (bits <= Granule.K4.shift) {
            throw new IommuException(
                    Errno.EINVAL, "output addresses of " + bits + " bits: a page alone takes " + Granule.K4.shift);
        }
    }

    @Override
    LeafAttributes attributes(PageTableConfig config) {
        return new MaliAttributes(config);
    }

    @Override
    WalkerConfig walkerConfig(long root, PageTableConfig config, Geometry geometry) {
        long transtab = root
                | MaliTranstab.MODE_TABLE << MaliTranstab.MODE_LSB
                | MaliTranstab.READINNER_MASK
                | (config.coherentWalk() ? MaliTranstab.SHAREOUTER_MASK : 0);
        return new MaliTable(root, transtab, MaliAttributes.MEMATTR);
    }
}
