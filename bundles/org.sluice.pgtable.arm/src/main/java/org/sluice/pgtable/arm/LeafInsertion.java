package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.spi.pgtable.MappingException;

/** Puts runs of leaves into tables, over the ends of tables, and makes the tables that are missing. */
final class LeafInsertion {
    private final LpaeTable table;
    private final Tables tables;
    private final TableWords words;
    private final Geometry geometry;
    private final Granule granule;

    LeafInsertion(LpaeTable table, Tables tables) {
        this.table = table;
        this.tables = tables;
        words = tables.words;
        geometry = tables.geometry;
        granule = geometry.granule;
    }

    /**
     * Maps a run of leaves that is in one table.
     *
     * @param run entries
     * @param leaf the first descriptor
     * @param done bytes that the call mapped before, for the message
     */
    void insert(long iova, int run, long leaf, Level level, long done) {
        long entry = tableFor(iova, level, done) + 8L * level.index(iova);
        if (!words.fillFree(entry, run, leaf, level.bytes(), 1)) {
            clearTheWay(entry, run, iova, level, done);
            if (!words.fillFree(entry, run, leaf, level.bytes(), 1)) {
                throw MapRefusal.exists(iova, words.load(entry), done);
            }
        }
    }

    private long tableFor(long iova, Level level, long done) {
        long found;
        try {
            found = tables.findOrMake(iova, level);
        } catch (IommuException refused) {
            throw new MappingException(
                    refused.errno(), String.format("no table for iova 0x%x: %s", iova, refused.getMessage()), done);
        }
        if (found == Tables.BLOCKED) {
            throw new MappingException(
                    Errno.EEXIST,
                    String.format("iova 0x%x lies in a block that maps it to 0x%x", iova, table.iovaToPhys(iova)),
                    done);
        }
        return found;
    }

    /** Retires the tables in a run of entries, if none of them maps anything and no leaf is there. */
    private void clearTheWay(long entry, int run, long iova, Level level, long done) {
        for (int i = 0; i < run; i++) {
            long descriptor = words.load(entry + 8L * i);
            boolean unused = (descriptor & 1) == 0
                    || !level.last
                            && Tables.isTable(descriptor)
                            && !tables.holdsLeaf(granule.decode(descriptor), geometry.below(level));
            if (!unused) {
                throw MapRefusal.exists(iova + i * level.bytes(), descriptor, done);
            }
        }
        for (int i = 0; i < run && !level.last; i++) {
            tables.unlink(entry + 8L * i, iova + i * level.bytes(), level, null);
        }
    }
}
