package org.sluice.pgtable.arm;

import org.sluice.api.Prot;
import org.sluice.pgtable.radix.LeafWay;

/** The short way to long descriptors of one size. */
final class LpaeWay extends LeafWay {
    final LeafSize size;
    /** Bits that no offset of a leaf in the address space has. */
    final long badOffset;
    /** Bits that no physical address of a leaf has. */
    final long refusedPaddr;
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

    LpaeWay(LeafSize size, Tables tables, LpaeTable space, long lastPaddr, long kind, long[] attributes) {
        // a descriptor that is the address and bits beside it: others are put together on the long way
        super(
                tables.near(size.level),
                size.level.shift,
                size.level.entries,
                size.bytes(),
                ~lastPaddr | size.bytes() - 1 | ~tables.granule.plain);
        this.size = size;
        this.kind = kind;
        singleKind = size.isGroup() ? -1 : kind;
        kinds = tables.kinds;
        plain = tables.granule.plain;
        plainType = Tables.TYPE | tables.granule.folded;
        badOffset = ~(space.lastIova() - space.firstIova()) | bytes - 1;
        refusedPaddr = ~lastPaddr | bytes - 1;
        for (int prot = 0; prot <= Prot.ALL && !size.isGroup(); prot++) {
            grant(prot, attributes[prot] == 0 ? 0 : attributes[prot] | kind);
        }
    }

    /**
     * The short ways of a set of sizes, by log2 of the size.
     *
     * @param offered sizes
     */
    static LpaeWay[] byShift(
            Tables tables, long offered, LpaeTable space, long lastPaddr, long pageType, long[] attributes) {
        LpaeWay[] ways = new LpaeWay[Long.SIZE];
        for (long left = offered; left != 0; left &= left - 1) {
            LeafSize size = tables.geometry.ofSize(Long.lowestOneBit(left));
            long kind = (size.level.last ? pageType : Tables.BLOCK) | size.hint;
            ways[size.shift] = new LpaeWay(size, tables, space, lastPaddr, kind, attributes);
        }
        return ways;
    }
}
