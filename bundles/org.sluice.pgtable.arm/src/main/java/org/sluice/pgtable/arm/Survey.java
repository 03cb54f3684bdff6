package org.sluice.pgtable.arm;

import java.util.TreeMap;
import org.sluice.spi.pgtable.TableSurvey;

/** Counts tables and leaves. */
final class Survey {
    private final Tables tables;
    private final Geometry geometry;
    private final LeafAttributes attributes;
    private final long[] leaves = new long[Geometry.LAST_LEVEL + 1];
    private long tableCount;
    private long tableBytes;
    private long digest;

    Survey(Tables tables, LeafAttributes attributes) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.attributes = attributes;
    }

    TableSurvey of(long firstIova) {
        count(tables.root, geometry.startLevel, firstIova);
        TreeMap<Long, Long> bySize = new TreeMap<>();
        for (int level = 0; level < leaves.length; level++) {
            if (leaves[level] != 0) {
                bySize.put(geometry.entryBytes(level), leaves[level]);
            }
        }
        return new TableSurvey(bySize, tableCount, tableBytes, digest);
    }

    private void count(long table, int level, long base) {
        tableCount++;
        tableBytes += geometry.tableBytes(level);
        for (int i = 0; i < geometry.entries(level); i++) {
            long descriptor = tables.words.load(table + 8L * i);
            if ((descriptor & 1) == 0) {
                continue;
            }
            long iova = base + i * geometry.entryBytes(level);
            long address = tables.granule.decode(descriptor);
            if (level < Geometry.LAST_LEVEL && Tables.isTable(descriptor)) {
                count(address, level + 1, iova);
            } else {
                leaves[level]++;
                digest += TableSurvey.mix(iova, address, geometry.entryBytes(level), attributes.prot(descriptor));
            }
        }
    }
}
