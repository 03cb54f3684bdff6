package org.sluice.spi.pgtable;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/** Splits leaves that lie across the ends of a range, for any table that can split. */
final class RangeCut {
    private final PageTable table;
    private final BlockSplitting blocks;

    RangeCut(PageTable table, BlockSplitting blocks) {
        this.table = table;
        this.blocks = blocks;
    }

    int cut(long iova, long size, boolean withoutBreak) {
        long page = Long.lowestOneBit(table.config().pageSizes());
        long first = table.firstIova();
        long room = table.lastIova() - first;
        boolean inside = Long.compareUnsigned(iova - first, room) <= 0
                && Long.compareUnsigned(size - 1, room - (iova - first)) <= 0;
        if (((iova | size) & page - 1) != 0 || size == 0 || !inside) {
            throw new IommuException(
                    Errno.EINVAL,
                    String.format(
                            "range of 0x%x bytes at iova 0x%x: it must be of pages of 0x%x bytes in 0x%x to 0x%x",
                            size, iova, page, first, table.lastIova()));
        }
        int splits = cutAt(iova, withoutBreak);
        return iova + size - 1 == table.lastIova() ? splits : splits + cutAt(iova + size, withoutBreak);
    }

    private int cutAt(long boundary, boolean withoutBreak) {
        int splits = 0;
        while (liesAcross(boundary) && blocks.split(boundary, withoutBreak) != 0) {
            splits++;
        }
        return splits;
    }

    private boolean liesAcross(long boundary) {
        boolean[] across = new boolean[1];
        table.walk(boundary, boundary, (iova, paddr, size, descriptor, prot) -> {
            across[0] = iova != boundary;
            return false;
        });
        return across[0];
    }
}
