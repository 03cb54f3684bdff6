package org.sluice.pgtable.radix;

import java.util.TreeMap;
import org.sluice.spi.pgtable.TableSurvey;

/** Counts tables and leaves. */
final class Survey {
    private final Tables tables;
    private final Geometry geometry;
    private final LeafAttributes attributes;
    /** By log2 of their size. */
    private final long[] leaves = new long[Long.SIZE];

    private long tableCount;
    private long digest;

    Survey(Tables tables, LeafAttributes attributes) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.attributes = attributes;
    }

    TableSurvey take() {
        new LeafWalk(tables, 0, -1, (at, iova, size, entry) -> {
                    leaves[Long.numberOfTrailingZeros(size)]++;
                    digest += TableSurvey.mix(iova, tables.code.leafAddress(entry), size, attributes.prot(entry));
                    return true;
                })
                .walk();
        countTables(tables.root, geometry.top);
        TreeMap<Long, Long> bySize = new TreeMap<>();
        for (int shift = 0; shift < leaves.length; shift++) {
            if (leaves[shift] != 0) {
                bySize.put(1L << shift, leaves[shift]);
            }
        }
        return new TableSurvey(bySize, tableCount, tableCount * Level.TABLE_BYTES, digest);
    }

    private void countTables(long table, Level level) {
        tableCount++;
        for (int i = 0; i < Level.ENTRIES && !level.last; i++) {
            long entry = tables.words.load(table + 8L * i);
            if (tables.code.isTable(entry, level)) {
                countTables(tables.code.address(entry), geometry.below(level));
            }
        }
    }
}
