package org.sluice.pgtable.arm;

import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.vmsa.arch.Cacheability;
import org.sluice.vmsa.arch.Shareability;

/**
 * How the hardware's walker reads tables, as TCR and VTCR code it (linux-iommu.md section 2.2).
 *
 * @param sh shareability
 * @param orgn outer cacheability
 * @param irgn inner cacheability
 */
record WalkAttributes(int sh, int orgn, int irgn) {
    static WalkAttributes of(PageTableConfig config) {
        boolean coherent = config.coherentWalk();
        long shareability = coherent ? Shareability.INNER_SHAREABLE : Shareability.OUTER_SHAREABLE;
        long outer = coherent || config.has(Quirk.ARM_OUTER_WBWA) ? Cacheability.WBWA : Cacheability.NC;
        long inner = coherent ? Cacheability.WBWA : Cacheability.NC;
        return new WalkAttributes((int) shareability, (int) outer, (int) inner);
    }
}
