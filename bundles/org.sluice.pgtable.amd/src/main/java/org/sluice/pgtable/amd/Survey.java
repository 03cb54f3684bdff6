package org.sluice.pgtable.amd;

import java.util.TreeMap;
import org.sluice.spi.pgtable.TableSurvey;

/** Counts tables and leaves. */
final class Survey implements TreeWalk.Visitor {
    private final TreeMap<Long, Long> leaves = new TreeMap<>();
    private long tables;
    private long digest;

    @Override
    public void table() {
        tables++;
    }

    @Override
    public boolean leaf(long at, long iova, int shift, Level level, long entry) {
        leaves.merge(1L << shift, 1L, Long::sum);
        digest += TableSurvey.mix(iova, Pte.leafAddress(entry, shift), 1L << shift, Pte.prot(entry));
        return true;
    }

    TableSurvey result() {
        return new TableSurvey(leaves, tables, tables * Level.TABLE_BYTES, digest);
    }
}
