package org.sluice.pgtable.apple;

import java.util.TreeMap;
import org.sluice.spi.pgtable.TableSurvey;

/** Counts tables and leaves. Each top table counts. */
final class Survey implements TreeWalk.Visitor {
    private final Dialect dialect;
    private final long pageBytes;
    private long tables;
    private long leaves;
    private long digest;

    Survey(Tables tables) {
        dialect = tables.dialect;
        pageBytes = tables.geometry.tableBytes();
        this.tables = tables.geometry.tops;
    }

    @Override
    public void table() {
        tables++;
    }

    @Override
    public boolean leaf(long iova, long entry) {
        leaves++;
        digest += TableSurvey.mix(iova, dialect.decode(entry), pageBytes, dialect.prot(entry));
        return true;
    }

    TableSurvey result() {
        TreeMap<Long, Long> bySize = new TreeMap<>();
        if (leaves != 0) {
            bySize.put(pageBytes, leaves);
        }
        return new TableSurvey(bySize, tables, tables * pageBytes, digest);
    }
}
