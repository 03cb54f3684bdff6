package org.sluice.pgtable.arm;

import java.util.TreeMap;
import org.sluice.spi.pgtable.TableSurvey;

/** Counts tables and leaves. */
final class Survey {
    private final Tables tables;
    private final Geometry geometry;
    private final LeafAttributes attributes;
    private final long[] leaves = new long[Level.ROWS];
    private final long[] groups = new long[Level.ROWS];
    private long tableCount;
    private long tableBytes;
    private long digest;

    Survey(Tables tables, LeafAttributes attributes) {
        this.tables = tables;
        this.geometry = tables.geometry;
        this.attributes = attributes;
    }

    TableSurvey of(long firstIova) {
        count(tables.root, geometry.top, firstIova);
        TreeMap<Long, Long> bySize = new TreeMap<>();
        for (Level level = geometry.pages; level != null; level = level.above) {
            if (leaves[level.row] != 0) {
                bySize.put(level.bytes(), leaves[level.row]);
            }
            if (groups[level.row] != 0) {
                bySize.put(level.group.bytes(), groups[level.row]);
            }
        }
        return new TableSurvey(bySize, tableCount, tableBytes, digest);
    }

    private void count(long table, Level level, long base) {
        tableCount++;
        tableBytes += level.tableBytes();
        for (int i = 0; i < level.entries; i++) {
            long descriptor = tables.words.load(table + 8L * i);
            if ((descriptor & 1) == 0) {
                continue;
            }
            long iova = base + i * level.bytes();
            long address = tables.granule.decode(descriptor);
            if (!level.last && Tables.isTable(descriptor)) {
                count(address, geometry.below(level), iova);
            } else {
                boolean isGroup = level.group != null && Tables.isMember(descriptor);
                LeafSize size = isGroup ? level.group : level.leaf;
                (isGroup ? groups : leaves)[level.row]++;
                digest += TableSurvey.mix(iova, address, size.bytes(), attributes.prot(descriptor));
                i += size.entries() - 1;
            }
        }
    }
}
