package org.sluice.pgtable.radix;

import org.sluice.api.Prot;

/**
 * The short way to a leaf of one size: all that a map, an unmap or a look-up of one needs while its table is remembered,
 * side by side in one object, and nothing that would have to be computed. A compiler has few registers for objects, and each
 * that is left out counts. What a leaf is, only the format knows, which may extend this. Immutable but for the cache.
 */
public class LeafWay {
    /** Size of a leaf. */
    public final long bytes;
    /** Bits that no physical address of a leaf has that goes the short way. */
    public final long badPaddr;
    /** log2 of the bytes that an entry covers. */
    public final int indexShift;
    /** Entries of a table, less one. */
    public final int indexMask;

    private final TableCache tables;
    private final int coverShift;
    /** The bits of an IOVA that lead to its table. */
    private final long cover;
    /** The same, and those that are 0 where a leaf begins. */
    private final long begin;
    /** What a leaf has beside its address, by protection; 0 where the short way is none. */
    private final long[] single = new long[Prot.ALL + 1];

    /**
     * A way.
     *
     * @param tables where tables with such entries are remembered; none that covers more than may be mapped
     * @param indexShift log2 of the bytes that an entry covers
     * @param entries of a table, a power of two
     * @param bytes of a leaf, of one entry or more
     * @param badPaddr bits that no physical address of a leaf has that goes the short way
     */
    protected LeafWay(TableCache tables, int indexShift, int entries, long bytes, long badPaddr) {
        this.tables = tables;
        this.indexShift = indexShift;
        this.bytes = bytes;
        this.badPaddr = badPaddr;
        indexMask = entries - 1;
        coverShift = indexShift + Integer.numberOfTrailingZeros(entries);
        cover = -1L << coverShift;
        begin = cover | bytes - 1;
    }

    /**
     * Lets leaves of one entry be mapped on the short way.
     *
     * @param prot a protection
     * @param bits what they have beside their address; 0 when it grants nothing
     */
    protected final void grant(int prot, long bits) {
        single[prot] = bits;
    }

    /**
     * What a leaf of one entry has beside its address.
     *
     * @param prot any value
     * @return 0 when it grants nothing, or only the long way knows
     */
    public final long single(int prot) {
        return prot >= 0 && prot < single.length ? single[prot] : 0;
    }

    /**
     * The table for a leaf.
     *
     * @param iova where it would begin; any value
     * @return null when no leaf of this size can begin there, or the table is not remembered
     */
    public final KnownTable tableOf(long iova) {
        KnownTable known = tables.inSlot(iova, coverShift);
        return known != null && (iova & begin) == known.first ? known : null;
    }

    /**
     * The table that an address leads to.
     *
     * @param iova any value
     * @return null when it is not remembered
     */
    public final KnownTable tableAround(long iova) {
        KnownTable known = tables.inSlot(iova, coverShift);
        return known != null && (iova & cover) == known.first ? known : null;
    }

    /**
     * Where the entry for an address is.
     *
     * @param table that covers it
     * @param iova the address
     * @return index in the table's window
     */
    public final int word(KnownTable table, long iova) {
        return table.word + index(iova);
    }

    /**
     * Where the entry for an address is.
     *
     * @param iova the address
     * @return index in its table
     */
    public final int index(long iova) {
        return (int) (iova >>> indexShift) & indexMask;
    }
}
