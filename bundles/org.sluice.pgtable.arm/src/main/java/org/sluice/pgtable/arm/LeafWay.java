package org.sluice.pgtable.arm;

/**
 * The short way to a leaf of one size: everything that a map, an unmap or a look-up of it needs while the address of its
 * table is remembered, side by side in one object: on this way one load waits for another, and each that is left out counts.
 * Immutable but for the cache.
 */
final class LeafWay {
    final LeafSize size;
    final long bytes;
    /** Whether a leaf is one entry, and no group. */
    final boolean isSingle;
    /** Bits that no offset of a leaf in the address space has. */
    final long badOffset;
    /** Bits that no physical address of a leaf has. */
    final long badPaddr;

    private final long[] slots;
    private final int slotShift;
    private final int tagShift;
    final int indexShift;
    final int indexMask;
    /** Bits that tell these leaves from everything else at their level. */
    final long kind;

    LeafWay(LeafSize size, long lastOffset, long lastPaddr, TableCache tables, long kind) {
        this.size = size;
        slots = tables.slots();
        slotShift = tables.slotShift();
        tagShift = tables.tagShift();
        this.kind = kind;
        bytes = size.bytes();
        isSingle = !size.isGroup();
        badOffset = ~lastOffset | bytes - 1;
        badPaddr = ~lastPaddr | bytes - 1;
        indexShift = size.level.shift;
        indexMask = size.level.entries - 1;
    }

    /** Of the table whose entries such leaves are, what {@link TableCache#entry} says. */
    long table(long offset) {
        return TableCache.entry(slots, slotShift, tagShift, offset);
    }

    /** Index of an entry in its table. */
    int index(long offset) {
        return (int) (offset >>> indexShift) & indexMask;
    }

    /** Whether so many leaves from an index on are in one table. */
    boolean fit(int index, long count) {
        return count > 0 && count <= indexMask + 1 - index >> size.entriesShift;
    }
}
