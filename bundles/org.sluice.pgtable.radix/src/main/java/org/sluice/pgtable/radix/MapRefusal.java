package org.sluice.pgtable.radix;

import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.MappingException;

/** Why a map is refused, in the terms of its arguments. */
final class MapRefusal {
    private final Geometry geometry;
    private final LeafAttributes attributes;
    private final long pageSizes;
    private final long lastPaddr;

    MapRefusal(Geometry geometry, LeafAttributes attributes, long pageSizes, long lastPaddr) {
        this.geometry = geometry;
        this.attributes = attributes;
        this.pageSizes = pageSizes;
        this.lastPaddr = lastPaddr;
    }

    /** What is wrong with the arguments of a map; something is. */
    MappingException of(long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (Long.bitCount(pgsize) != 1 || (pageSizes & pgsize) == 0) {
            return refused(Errno.EINVAL, String.format("page size 0x%x is not one of 0x%x", pgsize, pageSizes));
        }
        if (((iova | paddr) & pgsize - 1) != 0) {
            String message = String.format("iova 0x%x or paddr 0x%x is no multiple of 0x%x", iova, paddr, pgsize);
            return refused(Errno.ENXIO, message);
        }
        if (pgcount <= 0) {
            return refused(Errno.EINVAL, "page count " + pgcount + " is not above 0");
        }
        if ((prot & ~Prot.ALL) != 0) {
            return refused(Errno.EINVAL, "protection " + Prot.toString(prot) + " has unknown bits");
        }
        if (!attributes.grants(prot)) {
            String message = "protection " + Prot.toString(prot) + " grants nothing, or less than hardware must have";
            return refused(attributes.refusal(), message);
        }
        return refused(
                Errno.ERANGE,
                String.format(
                        "0x%x pages of 0x%x bytes, iova 0x%x to paddr 0x%x: iovas have %d bits, paddrs go up to 0x%x",
                        pgcount, pgsize, iova, paddr, geometry.inputBits, lastPaddr));
    }

    private static MappingException refused(Errno errno, String message) {
        return new MappingException(errno, message, 0);
    }

    /** What stands in the way of a map. */
    static MappingException exists(long iova, long entry, long done) {
        return new MappingException(
                Errno.EEXIST, String.format("iova 0x%x is mapped already, by entry 0x%x", iova, entry), done);
    }
}
