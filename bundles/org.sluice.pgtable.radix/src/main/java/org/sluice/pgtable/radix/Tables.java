package org.sluice.pgtable.radix;

import org.sluice.api.IotlbGather;
import org.sluice.spi.pgtable.TableHost;

/**
 * The tree of tables: finds the table that holds the entry for an IOVA, makes missing ones, takes out unused ones. Knows
 * nothing of what leaves mean, only whether an entry is a table.
 *
 * <p>Any thread may call it. Tables are installed by compare-and-set. A table that was taken out leaves the caches before
 * it is given to anybody who may free it, so no operation that begins later can reach it.
 */
final class Tables {
    /** Nothing is mapped there: a level on the way has an empty entry. */
    static final long EMPTY = -1;

    /** A larger leaf is mapped there: the way ends above the level that was asked for. */
    static final long BLOCKED = -2;

    private static final int PAGE_CACHE_BITS = 10;
    private static final int UPPER_CACHE_BITS = 6;

    final Geometry geometry;
    final EntryCode code;
    final TableWords words;
    final TableHost host;
    final long root;
    private final long lastAddress;
    /** By number of the level; null for the top one, which needs none. */
    private final TableCache[] caches;

    Tables(Geometry geometry, EntryCode code, long lastAddress, long root, TableHost host) {
        this.geometry = geometry;
        this.code = code;
        this.lastAddress = lastAddress;
        this.root = root;
        this.host = host;
        words = new TableWords(host.memory(), code.spread, code.encode(Level.TABLE_BYTES));
        caches = new TableCache[geometry.levelCount()];
        for (Level level = geometry.pages; level.above != null; level = level.above) {
            int bits = level.last ? PAGE_CACHE_BITS : UPPER_CACHE_BITS;
            caches[level.number] = new TableCache(words, bits, level.above.shift);
        }
    }

    /** Allocates a zeroed table. */
    static long allocate(TableHost host, long lastAddress) {
        return host.allocateTable(Level.TABLE_BYTES, Level.TABLE_BYTES, lastAddress);
    }

    /** Allocates a zeroed table that nothing reaches. */
    long allocate() {
        return allocate(host, lastAddress);
    }

    /** The entry that leads to a table. */
    long pointer(long table) {
        return code.encode(table) | code.table;
    }

    /**
     * Where the short way finds tables of a level: nowhere, if memory has no windows, if it is the top one, or if a table
     * covers IOVAs that are none.
     */
    TableCache near(Level level) {
        boolean known = words.isWindowed() && level.above != null && geometry.rangeBytes() >= level.above.bytes();
        return known ? caches[level.number] : TableCache.never(words);
    }

    /**
     * Finds the table of a level, for an operation that changes it.
     *
     * @return its address, {@link #EMPTY} or {@link #BLOCKED}
     */
    long find(long iova, Level level) {
        if (level.above == null) {
            return root;
        }
        long known = caches[level.number].get(iova);
        return known >= 0 ? known : search(iova, level, true);
    }

    /**
     * Finds the table of a level, for a look-up: as {@link #find}, but it drives nothing out of the cache. Random look-ups
     * over more tables than the cache holds would gain nothing, and pay for a compare-and-set each, behind which no two
     * cache misses of the processor overlap.
     */
    long look(long iova, Level level) {
        if (level.above == null) {
            return root;
        }
        long known = caches[level.number].get(iova);
        return known >= 0 ? known : search(iova, level, false);
    }

    private long search(long iova, Level level, boolean evict) {
        TableCache cache = caches[level.number];
        long stamp = cache.stamp(iova);
        long parent = evict ? find(iova, level.above) : look(iova, level.above);
        if (parent < 0) {
            return parent;
        }
        long entry = words.load(level.above.entry(parent, iova));
        if (!code.isTable(entry, level.above)) {
            return code.isPresent(entry) ? BLOCKED : EMPTY;
        }
        long table = code.address(entry);
        if (cache.admits(iova, evict)) {
            cache.put(iova, table, stamp);
        }
        return table;
    }

    /**
     * Finds the table of a level, and makes it and those above it where they are missing.
     *
     * @return its address, or {@link #BLOCKED}
     * @throws org.sluice.api.IommuException ENOMEM; tables that were made stay
     */
    long findOrMake(long iova, Level level) {
        long table = find(iova, level);
        while (table == EMPTY) {
            make(iova, level);
            table = find(iova, level);
        }
        return table;
    }

    private void make(long iova, Level level) {
        long parent = findOrMake(iova, level.above);
        if (parent == BLOCKED) {
            return;
        }
        long at = level.above.entry(parent, iova);
        long before = words.load(at);
        if (!code.isPresent(before)) {
            long fresh = allocate();
            if (!words.replace(at, before, pointer(fresh))) {
                host.freeTable(fresh, Level.TABLE_BYTES); // another thread was first; its table is as good
            }
        }
    }

    /** Whether a leaf is mapped in a table or below it. */
    boolean holdsLeaf(long table, Level level) {
        for (int i = 0; i < Level.ENTRIES; i++) {
            long entry = words.load(table + 8L * i);
            boolean held = code.isTable(entry, level)
                    ? holdsLeaf(code.address(entry), geometry.below(level))
                    : code.isPresent(entry);
            if (held) {
                return true;
            }
        }
        return false;
    }

    /**
     * Takes out the table at an entry, with all below it. Whoever clears an entry owns what it pointed to, so that two
     * threads whose ranges overlap, against the rules, still do not free a table twice.
     *
     * @param at address of the entry
     * @param iova first IOVA that it covers
     * @param level level of the entry
     * @param gather keeps the tables until its sync; null to retire them through the host at once
     * @return whether a table was there
     */
    boolean unlink(long at, long iova, Level level, IotlbGather gather) {
        long entry = words.load(at);
        if (!code.isTable(entry, level) || !words.replace(at, entry, 0)) {
            return false;
        }
        giveUp(code.address(entry), iova, geometry.below(level), gather);
        return true;
    }

    private void giveUp(long table, long iova, Level level, IotlbGather gather) {
        // Top down: once a table is forgotten nobody finds, and so remembers, those below it.
        caches[level.number].forget(iova);
        if (!level.last) {
            for (int i = 0; i < Level.ENTRIES; i++) {
                unlink(table + 8L * i, iova + i * level.bytes(), level, gather);
            }
        }
        if (gather != null) {
            gather.addTable(table, Level.TABLE_BYTES);
        } else {
            host.retireTable(iova, level.above.bytes(), Level.TABLE_BYTES, table, Level.TABLE_BYTES);
        }
    }

    /** Frees every table, when nobody uses them any more. */
    void free() {
        free(root, geometry.top);
    }

    private void free(long table, Level level) {
        if (!level.last) {
            for (int i = 0; i < Level.ENTRIES; i++) {
                long entry = words.load(table + 8L * i);
                if (code.isTable(entry, level)) {
                    free(code.address(entry), geometry.below(level));
                }
            }
        }
        host.freeTable(table, Level.TABLE_BYTES);
    }
}
