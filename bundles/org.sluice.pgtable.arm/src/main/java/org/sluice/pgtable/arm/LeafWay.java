package org.sluice.pgtable.arm;

import org.sluice.api.Prot;

/**
 * The short way to a leaf of one size: everything that a map, an unmap or a look-up of it needs while its table is
 * remembered, side by side in one object, and nothing that would have to be computed. A compiler has few registers for
 * objects, and each that is left out counts. Immutable but for the cache and the windows.
 */
final class LeafWay {
    final LeafSize size;
    final long bytes;
    /** Where the address space begins. */
    final long firstIova;
    /** Bits that no offset in the address space has. */
    final long outside;
    /** Bits that no offset of a leaf in the address space has. */
    final long badOffset;
    /** Bits that no physical address of a leaf has. */
    final long refusedPaddr;
    /** Bits that no physical address has that is its own descriptor's address field, in place. */
    final long badPaddr;
    /** Bits that tell these leaves from everything else at their level. */
    final long kind;
    /** The same, where a leaf is one entry; where it is a group, what no descriptor is. */
    final long singleKind;
    /** Mask of those bits. */
    final long kinds;
    /** Bits of a descriptor that are a page's type, and only that, where its whole address is in place. */
    final long plainType;
    /** The bits of a descriptor that hold an address in place. */
    final long plain;

    final int indexShift;
    final int indexMask;
    /** What a leaf has beside its address, by protection; 0 where the short way is none. */
    private final long[] single;

    private final TableCache tables;
    private final TableWords words;
    private final int entryShift;
    private final int entryWordShift;
    private final int wordMask;

    LeafWay(LeafSize size, Tables tables, LpaeTable space, long lastPaddr, long kind, long[] attributes) {
        this.size = size;
        this.tables = tables.cache(size.level);
        this.kind = kind;
        singleKind = size.isGroup() ? -1 : kind;
        words = tables.words;
        kinds = words.kinds;
        bytes = size.bytes();
        plain = tables.granule.plain;
        plainType = DescriptorRun.TYPE | tables.granule.folded;
        firstIova = space.firstIova();
        outside = ~(space.lastIova() - firstIova);
        badOffset = outside | bytes - 1;
        refusedPaddr = ~lastPaddr | bytes - 1;
        badPaddr = refusedPaddr | ~plain;
        indexShift = size.level.shift;
        indexMask = size.level.entries - 1;
        entryShift = words.entryShift;
        entryWordShift = words.entryWordShift;
        wordMask = words.wordMask;
        single = new long[Prot.ALL + 1];
        for (int prot = 0; prot <= Prot.ALL && !size.isGroup(); prot++) {
            single[prot] = attributes[prot] == 0 ? 0 : attributes[prot] | kind;
        }
    }

    /** What a leaf of one entry has beside its address; 0 when it grants nothing, or leaves are groups. */
    long single(int prot) {
        return single[prot];
    }

    /** Of the table whose entries such leaves are, what {@link TableCache#entry} says. */
    long table(long offset) {
        return tables.entry(offset);
    }

    /**
     * The window of a remembered table.
     *
     * @param table as {@link #table} gives it
     * @return the words; null where there are no windows
     */
    long[] window(long table) {
        long[][] windows = words.windows();
        return windows[(int) (table >>> entryShift) & windows.length - 1];
    }

    /** Index of the word in its window that is the entry for an offset. */
    int word(long table, long offset) {
        return ((int) (table << entryWordShift) & wordMask) + index(offset);
    }

    /** Index of an entry in its table. */
    int index(long offset) {
        return (int) (offset >>> indexShift) & indexMask;
    }
}
