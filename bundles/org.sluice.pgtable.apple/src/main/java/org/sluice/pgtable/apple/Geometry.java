package org.sluice.pgtable.apple;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * Shape of the tree: two or three levels of tables of a page each; 4K DARTs choose among up to four top tables by the IOVA
 * bits above. The top tables lie next to each other, so that they are one table of more entries to us, and the first one's
 * address says where all are. Immutable.
 */
final class Geometry {
    private static final int FEWEST_LEVELS = 2;
    private static final int MOST_LEVELS = 3;
    private static final int MOST_TOP_BITS = 2;

    final int pageShift;
    /** Levels of tables, without the choice of a top table. */
    final int levels;
    /** Top tables. */
    final int tops;

    private final int indexBits;

    /**
     * The shape for a page size.
     *
     * @throws IommuException EINVAL when the addresses need more levels or top tables than there are
     */
    Geometry(int pageShift, int inputBits) {
        this.pageShift = pageShift;
        indexBits = pageShift - 3;
        int pageBits = inputBits - pageShift;
        int mostTopBits = pageShift == Pages.SHIFT_4K ? MOST_TOP_BITS : 0;
        levels = Math.max(FEWEST_LEVELS, (pageBits - mostTopBits + indexBits - 1) / indexBits);
        tops = 1 << Math.max(0, pageBits - indexBits * levels);
        if (pageBits <= 0 || levels > MOST_LEVELS) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "input addresses of %d bits: with pages of 0x%x bytes they have %d to %d",
                            inputBits,
                            1L << pageShift,
                            pageShift + 1,
                            pageShift + MOST_LEVELS * indexBits + mostTopBits));
        }
    }

    long tableBytes() {
        return 1L << pageShift;
    }

    /** Entries of a table that is not at the top. */
    int entries() {
        return 1 << indexBits;
    }

    /** Entries of the table of a level, of all tops together at the highest; pages are at level 0. */
    int entries(int level) {
        return level == levels - 1 ? tops << indexBits : entries();
    }

    /** log2 of the bytes that an entry of a level covers. */
    int shift(int level) {
        return pageShift + level * indexBits;
    }
}
