package org.sluice.pgtable.amd;

import org.sluice.api.IotlbGather;
import org.sluice.pgtable.radix.TableCache;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.spi.pgtable.RadixTable;
import org.sluice.spi.pgtable.TableHost;

/**
 * The tree of tables: finds the table that holds the entry for an IOVA, makes missing ones, grows at the top, takes out
 * unused ones. Knows nothing of what leaves mean, only whether an entry is a table.
 *
 * <p>Any thread may call it. Tables are installed by compare-and-set. A table that was taken out
 * leaves the caches before it is given to anybody who may free it, so no operation that begins later can reach it.
 *
 * <p><b>Growth.</b> The tree begins with {@link #FIRST_LEVELS} levels. A new top table has the old one in entry 0 before it
 * is published, in one word with its level; whoever still uses the old top finds the same entries. Entry 0 of a top that
 * grew stays a table for ever, and no leaf is at its level: so whoever adopts the tables sees from the root alone how many
 * levels there are. The hardware
 * walks from the new top before it is published ({@link TableHost#rootMoved}), so nothing is ever mapped that it does not
 * reach; when it cannot follow, the tree is as it was. The old top may still be walked by what began before.
 */
final class Tables {
    /** Nothing is mapped there: a level on the way has an empty entry, or the tree is not that high. */
    static final long EMPTY = -1;

    /** A leaf is mapped there: the way ends above the level that was asked for. */
    static final long BLOCKED = -2;

    /** Levels of a tree that did not grow. */
    static final int FIRST_LEVELS = 3;

    private static final int PAGE_CACHE_BITS = 10;
    private static final int UPPER_CACHE_BITS = 6;
    private static final long LEVEL_OF_TOP = Level.TABLE_BYTES - 1;

    final TableWords words;
    final TableHost host;
    private final long lastAddress;
    /** By number of the level; the highest can only be the top, which needs none. */
    private final TableCache[] caches = new TableCache[Level.MOST - 1];
    /** Address of the top table, and in its low bits the number of its level; written under {@link #growth}. */
    private volatile long top;

    private final Object growth = new Object();

    Tables(long root, int levels, long lastAddress, TableHost host) {
        this.host = host;
        this.lastAddress = lastAddress;
        words = new TableWords(host.memory());
        top = root | levels - 1;
        for (int number = 0; number < caches.length; number++) {
            int bits = number == 0 ? PAGE_CACHE_BITS : UPPER_CACHE_BITS;
            caches[number] = new TableCache(words, bits, Level.of(number).shift + Level.INDEX_BITS);
        }
    }

    /** Allocates a zeroed table that nothing reaches. */
    long allocate() {
        return host.allocateTable(Level.TABLE_BYTES, Level.TABLE_BYTES, lastAddress);
    }

    /** Frees one that nothing reaches. */
    void free(long table) {
        host.freeTable(table, Level.TABLE_BYTES);
    }

    /**
     * Where the short way finds tables of a level: nowhere, if memory has no windows, if no other level is above, or if a
     * table covers IOVAs that are none. The top one is not remembered before the tree grows, and goes the long way.
     */
    TableCache near(Level level, int inputBits) {
        boolean known = words.isWindowed() && level.number < caches.length && level.above.shift <= inputBits;
        return known ? caches[level.number] : TableCache.never(words);
    }

    /** The top table and its level in one word, which belong together. */
    long topNow() {
        return top;
    }

    static long root(long top) {
        return top & ~LEVEL_OF_TOP;
    }

    static Level topLevel(long top) {
        return Level.of((int) (top & LEVEL_OF_TOP));
    }

    /** The highest level whose entries may be changed by an operation on this one: leaves and unlinked tables are there. */
    Level within(Level level) {
        int topNumber = (int) (top & LEVEL_OF_TOP);
        int highest = topNumber < FIRST_LEVELS ? topNumber : topNumber - 1;
        return level.number <= highest ? level : Level.of(highest);
    }

    /**
     * Finds the table of a level, for an operation that changes it.
     *
     * @return its address, {@link #EMPTY} or {@link #BLOCKED}
     */
    long find(long iova, Level level) {
        long known = remembered(iova, level);
        return known >= 0 ? known : search(iova, level, true);
    }

    /** Finds the table of the last level for a look-up: as {@link #find}, but it drives nothing out of the cache. */
    long look(long iova, Level level) {
        long known = remembered(iova, level);
        return known >= 0 ? known : search(iova, level, false);
    }

    private long remembered(long iova, Level level) {
        return level.number < caches.length ? caches[level.number].get(iova) : -1;
    }

    private long search(long iova, Level level, boolean evict) {
        long now = top;
        Level highest = topLevel(now);
        if (level.number >= highest.number || !highest.covers(iova)) {
            return level == highest && level.covers(iova) ? root(now) : EMPTY;
        }
        TableCache cache = caches[level.number];
        long stamp = cache.stamp(iova);
        long parent = evict ? find(iova, level.above) : look(iova, level.above);
        if (parent < 0) {
            return parent;
        }
        long entry = words.load(level.above.entry(parent, iova));
        if (!Pte.isTable(entry, level.above)) {
            return Pte.isPresent(entry) ? BLOCKED : EMPTY;
        }
        long table = Pte.tableAddress(entry);
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
        while (table == EMPTY || isGrownTop(level)) {
            make(iova, level);
            table = find(iova, level);
        }
        return table;
    }

    /** Whether a leaf of this level would be in the top table of a tree that grew, or above it. */
    private boolean isGrownTop(Level level) {
        return level.number >= FIRST_LEVELS && level.number >= (top & LEVEL_OF_TOP);
    }

    private void make(long iova, Level level) {
        long now = top;
        Level highest = topLevel(now);
        if (!highest.covers(iova) || isGrownTop(level)) {
            grow(now);
            return;
        }
        long parent = level.above.number >= highest.number ? root(now) : findOrMake(iova, level.above);
        if (parent == BLOCKED) {
            return;
        }
        long at = level.above.entry(parent, iova);
        long before = words.load(at);
        if (!Pte.isPresent(before)) {
            long fresh = allocate();
            if (!words.replace(at, before, Pte.table(fresh, level.above))) {
                free(fresh); // another thread was first; its table is as good
            }
        }
    }

    /** Rare, at most three times in a tree's life: under a lock, so that the hardware hears of one top after the other. */
    private void grow(long before) {
        long fresh = allocate();
        Level higher = topLevel(before).above;
        words.store(fresh, Pte.table(root(before), higher));
        boolean grown = false;
        try {
            synchronized (growth) {
                if (top == before) {
                    host.rootMoved(walkerConfig(fresh | higher.number));
                    top = fresh | higher.number;
                    grown = true;
                }
            }
        } finally {
            if (!grown) {
                free(fresh); // another thread let it grow, or the hardware cannot follow
            }
        }
    }

    /** What the hardware's walker must be told of a top. */
    static RadixTable walkerConfig(long top) {
        int levels = topLevel(top).number + 1;
        return new RadixTable(root(top), levels, levels);
    }

    /** Whether a leaf is mapped in a table or below it. */
    boolean holdsLeaf(long table, Level level) {
        for (int i = 0; i < Level.ENTRIES; i++) {
            long entry = words.load(table + 8L * i);
            if (Pte.isTable(entry, level) ? holdsLeaf(Pte.tableAddress(entry), level.below()) : Pte.isPresent(entry)) {
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
        if (!Pte.isTable(entry, level) || !words.replace(at, entry, 0)) {
            return false;
        }
        giveUp(Pte.tableAddress(entry), iova, level.below(), gather);
        return true;
    }

    private void giveUp(long table, long iova, Level level, IotlbGather gather) {
        // Top down: once a table is forgotten nobody finds, and so remembers, those below it.
        caches[level.number].forget(iova);
        for (int i = 0; i < Level.ENTRIES && !level.isLast(); i++) {
            unlink(table + 8L * i, iova + i * level.bytes(), level, gather);
        }
        if (gather != null) {
            gather.addTable(table, Level.TABLE_BYTES);
        } else {
            host.retireTable(iova, level.above.bytes(), Level.TABLE_BYTES, table, Level.TABLE_BYTES);
        }
    }

    /** Frees every table, when nobody uses them any more. */
    void free() {
        free(root(top), topLevel(top));
    }

    private void free(long table, Level level) {
        for (int i = 0; i < Level.ENTRIES && !level.isLast(); i++) {
            long entry = words.load(table + 8L * i);
            if (Pte.isTable(entry, level)) {
                free(Pte.tableAddress(entry), level.below());
            }
        }
        free(table);
    }
}
