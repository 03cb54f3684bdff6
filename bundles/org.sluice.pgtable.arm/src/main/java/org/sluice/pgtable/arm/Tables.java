package org.sluice.pgtable.arm;

import org.sluice.api.IotlbGather;
import org.sluice.pgtable.radix.TableCache;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.TableDescriptor;

/**
 * The tree of tables: finds the table that holds the entry for an IOVA, makes missing ones, takes out unused ones. Knows
 * nothing of what leaves mean, only whether a descriptor is a table.
 *
 * <p>Any thread may call it. Tables are installed by compare-and-set. A table that was taken out leaves the caches before
 * it is given to anybody who may free it, so no operation that begins later can reach it.
 */
final class Tables {
    /** Nothing is mapped there: a level on the way has an empty entry. */
    static final long EMPTY = -1;

    /** A block is mapped there: the way ends above the level that was asked for. */
    static final long BLOCKED = -2;

    /** Type bits of any descriptor. */
    static final long TYPE = Stage1Leaf.TYPE_MASK;

    /** Type of a leaf above the last level. */
    static final long BLOCK = Stage1Leaf.TYPE_BLOCK;

    private static final long TABLE = TableDescriptor.TYPE_TABLE;
    private static final int PAGE_CACHE_BITS = 10;
    private static final int UPPER_CACHE_BITS = 8;

    final Geometry geometry;
    final Granule granule;
    final TableWords words;
    final TableHost host;
    final long root;
    /** Bits that tell leaves of one size from everything else at their level. */
    final long kinds;

    private final long tableAttributes;
    private final long lastAddress;
    /** By row of the level; null for the top one, which needs none. */
    private final TableCache[] caches = new TableCache[Level.ROWS];

    Tables(Geometry geometry, long tableAttributes, long lastAddress, boolean groups, long root, TableHost host) {
        this.geometry = geometry;
        this.tableAttributes = tableAttributes;
        this.lastAddress = lastAddress;
        this.root = root;
        this.host = host;
        granule = geometry.granule;
        kinds = TYPE | (groups ? LeafSize.HINT : 0);
        words = new TableWords(host.memory(), 0, granule.bytes());
        for (Level level = geometry.pages; level.above != null; level = level.above) {
            int bits = level.last ? PAGE_CACHE_BITS : UPPER_CACHE_BITS;
            caches[level.row] = new TableCache(words, bits, level.above.shift);
        }
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
        long known = caches[level.row].get(iova);
        return known >= 0 ? known : search(iova, level, true);
    }

    /**
     * Where the short way finds tables of a level: nowhere, if memory has no windows, if it is the top one, or if a table
     * covers IOVAs that are none.
     */
    TableCache near(Level level) {
        boolean known = words.isWindowed() && level.above != null && geometry.inputBits >= level.above.shift;
        return known ? caches[level.row] : TableCache.never(words);
    }

    /**
     * Finds the table of a level, for a look-up: as {@link #find}, but it drives nothing out of the cache. Random look-ups
     * over more tables than the largest cache holds would gain nothing, and pay for a compare-and-set each, behind which no
     * two cache misses of the processor overlap.
     */
    long look(long iova, Level level) {
        if (level.above == null) {
            return root;
        }
        long known = caches[level.row].get(iova);
        return known >= 0 ? known : search(iova, level, false);
    }

    private long search(long iova, Level level, boolean evict) {
        TableCache cache = caches[level.row];
        long stamp = cache.stamp(iova);
        long parent = evict ? find(iova, level.above) : look(iova, level.above);
        if (parent < 0) {
            return parent;
        }
        long descriptor = words.load(level.above.entry(parent, iova));
        if (!isTable(descriptor)) {
            return (descriptor & 1) == 0 ? EMPTY : BLOCKED;
        }
        long table = granule.decode(descriptor);
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
        long entry = level.above.entry(parent, iova);
        long before = words.load(entry);
        if ((before & 1) == 0) {
            long fresh = allocate(level);
            if (!words.replace(entry, before, descriptor(fresh))) {
                host.freeTable(fresh, level.tableBytes()); // another thread was first; its table is as good
            }
        }
    }

    /**
     * A table of a level that nothing points to yet.
     *
     * @throws org.sluice.api.IommuException ENOMEM
     */
    long allocate(Level level) {
        return host.allocateTable(level.tableBytes(), level.tableBytes(), lastAddress);
    }

    /** What points to a table. */
    long descriptor(long table) {
        return granule.encode(table) | tableAttributes | TABLE;
    }

    /** Whether a descriptor is a member of a contiguous group. */
    static boolean isMember(long descriptor) {
        return (descriptor & (1 | LeafSize.HINT)) == (1 | LeafSize.HINT);
    }

    static boolean isTable(long descriptor) {
        return (descriptor & TYPE) == TABLE;
    }

    /** Whether a leaf is mapped in a table or below it. */
    boolean holdsLeaf(long table, Level level) {
        for (int i = 0; i < level.entries; i++) {
            long descriptor = words.load(table + 8L * i);
            boolean below = !level.last && isTable(descriptor);
            if (below ? holdsLeaf(granule.decode(descriptor), geometry.below(level)) : (descriptor & 1) != 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Takes out the table at an entry, with all below it. Whoever clears an entry owns what it pointed to, so that two
     * threads whose ranges overlap, against the rules, still do not free a table twice.
     *
     * @param entry address of its descriptor
     * @param iova first IOVA that it covers
     * @param level level of the entry
     * @param gather keeps the tables until its sync; null to retire them through the host at once
     * @return whether a table was there
     */
    boolean unlink(long entry, long iova, Level level, IotlbGather gather) {
        long descriptor = words.load(entry);
        if (!isTable(descriptor) || !words.replace(entry, descriptor, 0)) {
            return false;
        }
        giveUp(granule.decode(descriptor), iova, geometry.below(level), gather);
        return true;
    }

    private void giveUp(long table, long iova, Level level, IotlbGather gather) {
        // Top down: once a table is forgotten nobody finds, and so remembers, those below it.
        caches[level.row].forget(iova);
        if (!level.last) {
            for (int i = 0; i < level.entries; i++) {
                unlink(table + 8L * i, iova + i * level.bytes(), level, gather);
            }
        }
        long bytes = level.tableBytes();
        if (gather != null) {
            gather.addTable(table, bytes);
        } else {
            host.retireTable(iova, level.above.bytes(), granule.bytes(), table, bytes);
        }
    }

    /** Frees every table, when nobody uses them any more. */
    void free() {
        free(root, geometry.top);
    }

    private void free(long table, Level level) {
        if (!level.last) {
            for (int i = 0; i < level.entries; i++) {
                long descriptor = words.load(table + 8L * i);
                if (isTable(descriptor)) {
                    free(granule.decode(descriptor), geometry.below(level));
                }
            }
        }
        host.freeTable(table, level.tableBytes());
    }
}
