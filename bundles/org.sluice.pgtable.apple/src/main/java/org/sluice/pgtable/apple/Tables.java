package org.sluice.pgtable.apple;

import org.sluice.apple.arch.Dart1Pte;
import org.sluice.pgtable.radix.TableCache;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.spi.pgtable.TableHost;

/**
 * The tree of tables: finds the table of pages for an IOVA, makes missing ones. Any thread may call it: tables are
 * installed by compare-and-set, and live as long as the space.
 */
final class Tables {
    /** Nothing is mapped there: a level on the way has an empty entry. */
    static final long EMPTY = -1;

    /** Set in every entry that means something, in both dialects. */
    static final long VALID = Dart1Pte.VALID_MASK;

    private static final int CACHE_BITS = 10;

    final Dialect dialect;
    final Geometry geometry;
    final TableWords words;
    final TableHost host;
    final long root;
    private final long lastAddress;
    /** Nothing is ever forgotten: no table is freed while the space lives, because no unmap covers one. */
    private final TableCache cache;

    Tables(Dialect dialect, Geometry geometry, long root, long lastAddress, TableHost host) {
        this.dialect = dialect;
        this.geometry = geometry;
        this.root = root;
        this.lastAddress = lastAddress;
        this.host = host;
        words = new TableWords(host.memory());
        cache = new TableCache(words, CACHE_BITS, geometry.shift(1));
    }

    static boolean isValid(long entry) {
        return (entry & VALID) != 0;
    }

    /** The table of pages for an IOVA, or {@link #EMPTY}. */
    long find(long iova) {
        long known = cache.get(iova);
        return known >= 0 ? known : search(iova, false);
    }

    /**
     * Finds the table of pages for an IOVA, and makes it and those above it where they are missing.
     *
     * @throws org.sluice.api.IommuException ENOMEM; tables that were made stay
     */
    long findOrMake(long iova) {
        long known = cache.get(iova);
        return known >= 0 ? known : search(iova, true);
    }

    private long search(long iova, boolean make) {
        long stamp = cache.stamp(iova);
        long table = root;
        for (int level = geometry.levels - 1; level > 0; level--) {
            long at = table + 8L * index(iova, level);
            long entry = words.load(at);
            if (!isValid(entry)) {
                if (!make) {
                    return EMPTY;
                }
                entry = install(at, entry);
            }
            table = dialect.decode(entry);
        }
        if (cache.admits(iova, make)) {
            cache.put(iova, table, stamp);
        }
        return table;
    }

    private long install(long at, long before) {
        long bytes = geometry.tableBytes();
        long fresh = host.allocateTable(bytes, bytes, lastAddress);
        long entry = dialect.encode(fresh) | VALID;
        if (words.replace(at, before, entry)) {
            return entry;
        }
        host.freeTable(fresh, bytes); // another thread was first; its table is as good
        return words.load(at);
    }

    /** Which entry of the table of a level an IOVA chooses. */
    int index(long iova, int level) {
        return (int) (iova >>> geometry.shift(level)) & geometry.entries(level) - 1;
    }

    /** Bytes of the top tables. */
    long topBytes() {
        return geometry.tops * geometry.tableBytes();
    }

    /** Frees every table, when nobody uses them any more. */
    void free() {
        freeBelow(root, geometry.levels - 1);
        host.freeTable(root, topBytes());
    }

    private void freeBelow(long table, int level) {
        for (int i = 0; level > 0 && i < geometry.entries(level); i++) {
            long entry = words.load(table + 8L * i);
            if (isValid(entry)) {
                long below = dialect.decode(entry);
                freeBelow(below, level - 1);
                host.freeTable(below, geometry.tableBytes());
            }
        }
    }
}
