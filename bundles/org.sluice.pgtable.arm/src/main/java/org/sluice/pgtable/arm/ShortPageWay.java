package org.sluice.pgtable.arm;

import org.sluice.api.Prot;
import org.sluice.pgtable.radix.KnownTable;
import org.sluice.pgtable.radix.LeafWay;
import org.sluice.pgtable.radix.TableWords;

/**
 * The short way to small pages. Two entries share a word of memory, and neighbours may change at the same moment: so every
 * change is a compare-and-set of the word, made again when only the neighbour has changed.
 */
final class ShortPageWay extends LeafWay {
    private static final long HALF = 0xffff_ffffL;

    ShortPageWay(ShortTables tables, boolean offered, long lastIova, long lastPaddr) {
        super(
                tables.near(lastIova),
                ShortSize.PAGE.shift,
                ShortTables.SECOND_ENTRIES,
                ShortSize.PAGE.bytes(),
                ~lastPaddr | ShortSize.PAGE.bytes() - 1);
        for (int prot = 0; prot <= Prot.ALL && offered; prot++) {
            boolean granted = (prot & (Prot.READ | Prot.WRITE)) != 0;
            grant(prot, granted ? tables.descriptors.leaf(0, prot, ShortSize.PAGE) & HALF : 0);
        }
    }

    /** The entry for an address. */
    int load(KnownTable table, long iova) {
        int half = half(table, iova);
        return (int) (TableWords.get(table.window, half >>> 1) >>> shift(half));
    }

    /** Replaces the entry for an address; false if it is not what it is expected to be. */
    boolean replace(KnownTable table, long iova, int expected, int descriptor) {
        int half = half(table, iova);
        int shift = shift(half);
        while (true) {
            long before = TableWords.get(table.window, half >>> 1);
            if ((int) (before >>> shift) != expected) {
                return false;
            }
            long after = before ^ (long) (expected ^ descriptor) << shift & HALF << shift;
            if (TableWords.replace(table.window, half >>> 1, before, after)) {
                return true;
            }
        }
    }

    private int half(KnownTable table, long iova) {
        return 2 * table.word + index(iova);
    }

    /** Little-endian: the even entry is the low half. */
    private static int shift(int half) {
        return (half & 1) << 5;
    }
}
