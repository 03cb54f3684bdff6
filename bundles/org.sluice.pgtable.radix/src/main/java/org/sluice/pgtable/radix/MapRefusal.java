package org.sluice.pgtable.radix;

import org.sluice.api.Errno;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTableConfig;

/** Says what is wrong with a map that was refused before it began; never on the fast path. */
public final class MapRefusal {
    private final PageTableConfig config;
    private final long lastIova;
    private final long[] attributes;
    private final Errno misaligned;
    private final Errno ungranted;

    /**
     * The refusals of a page table.
     *
     * @param config as narrowed
     * @param lastIova highest IOVA, inclusive
     * @param attributes bits of a leaf by protection; 0 for those that grant nothing
     * @param misaligned how an address is refused that is no multiple of the size
     * @param ungranted how a protection is refused that cannot be granted
     */
    public MapRefusal(PageTableConfig config, long lastIova, long[] attributes, Errno misaligned, Errno ungranted) {
        this.config = config;
        this.lastIova = lastIova;
        this.attributes = attributes;
        this.misaligned = misaligned;
        this.ungranted = ungranted;
    }

    /**
     * What is wrong with the arguments of a map; something is.
     *
     * @param iova bytes
     * @param paddr bytes
     * @param pgsize bytes
     * @param pgcount pages
     * @param prot {@link Prot} bits
     * @return to be thrown: nothing was mapped
     */
    public MappingException of(long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (Long.bitCount(pgsize) != 1 || (config.pageSizes() & pgsize) == 0) {
            return refused(Errno.EINVAL, "page size 0x%x is not one of 0x%x", pgsize, config.pageSizes());
        }
        if (((iova | paddr) & pgsize - 1) != 0) {
            return refused(misaligned, "iova 0x%x or paddr 0x%x is no multiple of 0x%x", iova, paddr, pgsize);
        }
        if (pgcount <= 0) {
            return refused(Errno.EINVAL, "page count %d is not above 0", pgcount);
        }
        if ((prot & ~Prot.ALL) != 0) {
            return refused(Errno.EINVAL, "protection %s has unknown bits", Prot.toString(prot));
        }
        if (attributes[prot] == 0) {
            return refused(
                    ungranted, "protection %s grants nothing, or less than hardware must have", Prot.toString(prot));
        }
        return refused(
                Errno.ERANGE,
                "0x%x pages of 0x%x bytes, iova 0x%x to paddr 0x%x: iovas of %d bits go up to 0x%x, paddrs up to 0x%x",
                pgcount,
                pgsize,
                iova,
                paddr,
                config.inputBits(),
                lastIova,
                (1L << config.outputBits()) - 1);
    }

    private static MappingException refused(Errno errno, String format, Object... values) {
        return new MappingException(errno, String.format(format, values), 0);
    }

    /**
     * What stands in the way of a map.
     *
     * @param iova where, in bytes
     * @param entry that is there
     * @param done bytes that were mapped before
     * @return to be thrown
     */
    public static MappingException exists(long iova, long entry, long done) {
        return new MappingException(
                Errno.EEXIST, String.format("iova 0x%x is mapped already, by entry 0x%x", iova, entry), done);
    }
}
