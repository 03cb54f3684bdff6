package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

/** Says what is wrong with a map that was refused before it began (linux-iommu.md section 2.2); never on the fast path. */
final class MapRefusal {
    private static final int ACCESS = Prot.READ | Prot.WRITE;

    private MapRefusal() {}

    static MappingException of(
            PageTable table, long lastPaddr, long iova, long paddr, long pgsize, long pgcount, int prot) {
        long sizes = table.config().pageSizes();
        if (Long.bitCount(pgsize) != 1 || (sizes & pgsize) == 0) {
            return invalid(String.format("page size 0x%x is not one of 0x%x", pgsize, sizes));
        }
        if (((iova | paddr) & pgsize - 1) != 0) {
            return invalid(String.format("iova 0x%x or paddr 0x%x is no multiple of 0x%x", iova, paddr, pgsize));
        }
        if (pgcount <= 0) {
            return invalid("page count " + pgcount + " is not above 0");
        }
        if ((prot & ACCESS) == 0 || (prot & ~Prot.ALL) != 0) {
            return invalid("protection " + Prot.toString(prot) + " grants no access, or has unknown bits");
        }
        if (!isExpressible(table.config(), prot)) {
            return invalid("protection " + Prot.toString(prot)
                    + ": ARM_LPA2 descriptors have no shareability, by which MMIO|CACHE would differ from MMIO");
        }
        return new MappingException(
                Errno.ERANGE,
                String.format(
                        "0x%x pages of 0x%x bytes, iova 0x%x to paddr 0x%x: iovas are 0x%x to 0x%x, paddrs up to 0x%x",
                        pgcount, pgsize, iova, paddr, table.firstIova(), table.lastIova(), lastPaddr),
                0);
    }

    /**
     * Whether a leaf can have a protection and tell it again. Where LPA2 has address bits others have shareability, which is
     * all that sets cached device memory apart from any other.
     */
    static boolean isExpressible(PageTableConfig config, int prot) {
        int both = Prot.MMIO | Prot.CACHE;
        return (prot & ACCESS) != 0 && !(config.has(Quirk.ARM_LPA2) && (prot & both) == both);
    }

    private static MappingException invalid(String message) {
        return new MappingException(Errno.EINVAL, message, 0);
    }

    static MappingException exists(long iova, long descriptor, long done) {
        return new MappingException(
                Errno.EEXIST, String.format("iova 0x%x is mapped already, by descriptor 0x%x", iova, descriptor), done);
    }
}
