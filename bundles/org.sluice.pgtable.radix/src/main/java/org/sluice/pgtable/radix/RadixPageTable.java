package org.sluice.pgtable.radix;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A page table with the semantics of Linux's generic_pt (linux-iommu.md section 2.3): an unmap that begins where a larger
 * leaf begins removes all of it, and one that begins inside of a leaf removes nothing. Runs go on over the ends of tables.
 *
 * <p>Where generic_pt says EADDRINUSE for what is mapped already, this says EEXIST, as every other format here.
 *
 * <p>Threads as {@link PageTable} says. There is no lock; a failed map leaves what was mapped before, and says how much.
 */
sealed class RadixPageTable implements PageTable, BlockSplitting permits TrackedPageTable {
    private final PageTableConfig config;
    private final WalkerConfig walkerConfig;
    private final Geometry geometry;
    private final EntryCode code;
    private final LeafAttributes attributes;
    private final Level pages;
    private final Tables tables;
    private final TableWords words;
    private final long pageSizes;
    /** By log2 of the size; null where it is none of ours. */
    private final RadixWay[] ways = new RadixWay[Long.SIZE];

    private final RadixWay pageWay;
    private final long lastPaddr;
    private final MapRefusal refusal;
    private final BlockSplit blocks;
    /** Attribute bits by protection, so that a map asks nobody; 0 for those that grant nothing. */
    private final long[] attributesByProt = new long[Prot.ALL + 1];

    RadixPageTable(PageTableConfig config, Tables tables, LeafAttributes attributes, WalkerConfig walkerConfig) {
        this.config = config;
        this.tables = tables;
        this.walkerConfig = walkerConfig;
        this.attributes = attributes;
        geometry = tables.geometry;
        code = tables.code;
        pages = geometry.pages;
        words = tables.words;
        pageSizes = config.pageSizes();
        lastPaddr = (1L << config.outputBits()) - 1;
        refusal = new MapRefusal(config, geometry.lastIova, attributesByProt, Errno.ENXIO, attributes.refusal());
        blocks = new BlockSplit(tables, attributes, pageSizes, config.has(Quirk.HARDWARE_AD));
        for (int prot = 0; prot <= Prot.ALL; prot++) {
            attributesByProt[prot] = attributes.grants(prot) ? attributes.attributes(prot) : 0;
        }
        for (long left = pageSizes; left != 0; left &= left - 1) {
            long bytes = Long.lowestOneBit(left);
            Level level = bytes == EntryCode.GROUP_BYTES ? pages : geometry.ofSize(bytes);
            ways[Long.numberOfTrailingZeros(bytes)] = new RadixWay(tables, level, bytes, lastPaddr, attributesByProt);
        }
        pageWay = ways[Level.PAGE_SHIFT];
    }

    /** Refuses tables that are not of this format; reads only. */
    void checkAdopted() {
        new Adoption(tables, attributes, pageSizes, lastPaddr).check();
    }

    @Override
    public final PageTableConfig config() {
        return config;
    }

    @Override
    public final WalkerConfig walkerConfig() {
        return walkerConfig;
    }

    @Override
    public final long firstIova() {
        return 0;
    }

    @Override
    public final long lastIova() {
        return geometry.lastIova;
    }

    /**
     * The usual case first, in as few steps as it can be done: one leaf in a table whose place is known. All else maps
     * {@link #mapRuns}, which is longer than what a compiler takes into its callers, on purpose: so this stays short, and
     * is itself taken into them.
     */
    @Override
    public final long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        RadixWay way = pgsize == pageWay.bytes ? pageWay : way(pgsize);
        if (pgcount == 1 && way != null) {
            KnownTable table = way.tableOf(iova);
            long bits = way.single(prot);
            if (table != null
                    && bits != 0
                    && (paddr & way.badPaddr) == 0
                    && TableWords.putFree(
                            table.window, way.word(table, iova), way.presence, paddr >>> way.addressShift | bits)) {
                return pgsize;
            }
        }
        return mapRuns(way, iova, paddr, pgsize, pgcount, prot);
    }

    private long mapRuns(RadixWay way, long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (way == null
                || ((iova | paddr) & pgsize - 1) != 0
                || pgcount <= 0
                || (prot & ~Prot.ALL) != 0
                || attributesByProt[prot] == 0
                || !geometry.isIova(iova)
                || (paddr & ~lastPaddr) != 0
                || pgcount > (geometry.rest(iova) >>> way.shift) + 1
                || pgcount > (lastPaddr - paddr >>> way.shift) + 1) {
            throw refusal.of(iova, paddr, pgsize, pgcount, prot);
        }
        Level level = way.level;
        long leaf = attributesByProt[prot] | way.kind;
        int replicas = way.replicas;
        long step = code.encode(pgsize);
        long bytes = pgcount << way.shift;
        long entries = bytes >>> level.shift;
        KnownTable known = way.tableAround(iova);
        if (known != null && entries <= Level.ENTRIES - way.index(iova)) {
            // All in one table that is remembered, as most runs are.
            int at = way.word(known, iova);
            if (words.fillFree(known.window, at, (int) entries, code.encode(paddr) | leaf, step, replicas)) {
                return bytes;
            }
        }
        long done = 0;
        do {
            long at = iova + done;
            long table = tableFor(at, level, done);
            int index = level.index(at);
            int run = (int) Math.min(Level.ENTRIES - index, bytes - done >>> level.shift);
            long entry = table + 8L * index;
            long first = code.encode(paddr + done) | leaf;
            if (!words.fillFree(entry, run, first, step, replicas)) {
                clearTheWay(entry, run, at, level, done);
                if (!words.fillFree(entry, run, first, step, replicas)) {
                    throw MapRefusal.exists(at, words.load(entry), done);
                }
            }
            done += (long) run << level.shift;
        } while (done != bytes);
        return bytes;
    }

    private long tableFor(long iova, Level level, long done) {
        long table;
        try {
            table = tables.findOrMake(iova, level);
        } catch (IommuException refused) {
            throw new MappingException(
                    refused.errno(), String.format("no table for iova 0x%x: %s", iova, refused.getMessage()), done);
        }
        if (table == Tables.BLOCKED) {
            throw new MappingException(
                    Errno.EEXIST,
                    String.format("iova 0x%x lies in a larger leaf that maps it to 0x%x", iova, iovaToPhys(iova)),
                    done);
        }
        return table;
    }

    /** Retires the tables in a run of entries, if none of them maps anything and no leaf is there. */
    private void clearTheWay(long entry, int run, long iova, Level level, long done) {
        for (int i = 0; i < run; i++) {
            long there = words.load(entry + 8L * i);
            boolean unused = !code.isPresent(there)
                    || code.isTable(there, level) && !tables.holdsLeaf(code.address(there), geometry.below(level));
            if (!unused) {
                throw MapRefusal.exists(iova + i * level.bytes(), there, done);
            }
        }
        for (int i = 0; i < run && !level.last; i++) {
            tables.unlink(entry + 8L * i, iova + i * level.bytes(), level, null);
        }
    }

    /**
     * {@inheritDoc} Goes on over larger leaves that begin where it comes to them, and so may return more bytes than were
     * asked for.
     */
    @Override
    public final long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        RadixWay way = pgsize == pageWay.bytes ? pageWay : way(pgsize);
        if (pgcount == 1 && way != null && way.replicas == 1) {
            KnownTable table = way.tableOf(iova);
            if (table != null) {
                int at = way.word(table, iova);
                if (way.isSingle(table.window[at])) {
                    TableWords.put(table.window, at, 0);
                    gather.addRange(iova, pgsize, pgsize);
                    return pgsize;
                }
            }
        }
        return unmapRuns(way, iova, pgcount, gather);
    }

    private long unmapRuns(RadixWay way, long iova, long pgcount, IotlbGather gather) {
        if (way == null || (iova & way.bytes - 1) != 0 || pgcount <= 0 || !geometry.isIova(iova)) {
            return 0;
        }
        Level level = way.level;
        int tablesBefore = gather.tableCount();
        long wanted = Math.min(pgcount, (geometry.rest(iova) >>> way.shift) + 1) << way.shift;
        long done = 0;
        while (done < wanted) {
            long unmapped = unmapSome(iova + done, wanted - done, level, gather);
            if (unmapped == 0) {
                break;
            }
            done += unmapped;
        }
        if (done != 0) {
            boolean onlyLeaves = gather.tableCount() == tablesBefore;
            gather.addRange(iova, done, onlyLeaves ? level.bytes() : pages.bytes());
        }
        return done;
    }

    /** Unmaps up to the end of a table or the first hole; 0 when nothing begins there. */
    private long unmapSome(long iova, long bytes, Level level, IotlbGather gather) {
        long table = tables.find(iova, level);
        if (table == Tables.BLOCKED) {
            return unmapLarger(iova, level.above);
        }
        if (table == Tables.EMPTY) {
            return 0;
        }
        int index = level.index(iova);
        int run = (int) Math.min(Level.ENTRIES - index, bytes >>> level.shift);
        long entry = table + 8L * index;
        int done = level.last ? clearPages(entry, run, index) : unmapEntries(entry, run, iova, level, gather);
        return (long) done << level.shift;
    }

    /** Unmaps pages, and groups that begin in a run of entries. */
    private int clearPages(long entry, int run, int index) {
        if (code.grouped == 0) {
            return words.clearPresent(entry, run);
        }
        int done = 0;
        while (done < run) {
            int cleared = words.clearMatching(entry + 8L * done, run - done, code.grouped | 1, 1, 1);
            done += cleared;
            if (done < run && beginsGroup(words.load(entry + 8L * done), index + done)) {
                words.clear(entry + 8L * done, EntryCode.GROUP_ENTRIES);
                done += EntryCode.GROUP_ENTRIES;
            } else if (cleared == 0) {
                break;
            }
        }
        return done;
    }

    private boolean beginsGroup(long entry, int index) {
        return (index & EntryCode.GROUP_ENTRIES - 1) == 0 && code.isPresent(entry) && code.isGrouped(entry);
    }

    /** Unmaps leaves and whole tables in a run of entries. */
    private int unmapEntries(long entry, int run, long iova, Level level, IotlbGather gather) {
        int done = 0;
        while (done < run) {
            long at = entry + 8L * done;
            if (code.isLeaf(words.load(at), level)) {
                words.clear(at, 1);
            } else if (!tables.unlink(at, iova + done * level.bytes(), level, gather)) {
                break;
            }
            done++;
        }
        return done;
    }

    /** Unmaps a leaf larger than what is asked for, if it begins there. */
    private long unmapLarger(long iova, Level smallest) {
        for (Level level = smallest; level != null; level = level.above) {
            long table = tables.find(iova, level);
            if (table >= 0) {
                long at = level.entry(table, iova);
                boolean begins = (iova & level.bytes() - 1) == 0 && code.isLeaf(words.load(at), level);
                if (begins) {
                    words.clear(at, 1);
                }
                return begins ? level.bytes() : 0;
            }
        }
        return 0;
    }

    /** A page in a known table first; the general way finds everything. */
    @Override
    public final long iovaToPhys(long iova) {
        RadixWay way = pageWay;
        KnownTable table = way.tableAround(iova);
        if (table != null) {
            long entry = TableWords.get(table.window, way.word(table, iova));
            if (way.isSingle(entry)) {
                return code.address(entry) | iova & way.bytes - 1;
            }
        }
        return search(iova);
    }

    private long search(long iova) {
        if (!geometry.isIova(iova)) {
            return 0;
        }
        Level level = pages;
        long table = tables.look(iova, level);
        while (table == Tables.BLOCKED) {
            level = level.above;
            table = tables.look(iova, level);
        }
        if (table < 0) {
            return 0;
        }
        long entry = words.load(level.entry(table, iova));
        if (code.isLeaf(entry, level)) {
            return code.leafAddress(entry) | iova & code.leafBytes(entry, level) - 1;
        }
        // A leaf that is a table now was split between two looks: what it mapped is mapped below.
        return code.isTable(entry, level) ? search(iova) : 0;
    }

    @Override
    public final void walk(long first, long last, LeafVisitor visitor) {
        new LeafWalk(
                        tables,
                        first,
                        last,
                        (at, iova, bytes, entry) ->
                                visitor.leaf(iova, code.leafAddress(entry), bytes, entry, attributes.prot(entry)))
                .walk();
    }

    /**
     * {@inheritDoc}
     *
     * @throws IommuException also EOPNOTSUPP when the next smaller size is not one of {@link PageTableConfig#pageSizes()},
     *     or a dirty mark could be lost in this memory
     */
    @Override
    public final long split(long iova, boolean withoutBreak) {
        if (!withoutBreak) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format("iova 0x%x: a leaf is split only where hardware takes it without a break", iova));
        }
        return geometry.isIova(iova) ? blocks.split(iova) : 0;
    }

    @Override
    public final TableSurvey survey() {
        return new Survey(tables, attributes).take();
    }

    @Override
    public final void free() {
        tables.free();
    }

    /** The way of a size; null when it is none of ours. */
    private RadixWay way(long pgsize) {
        RadixWay way = ways[Long.numberOfTrailingZeros(pgsize) & Long.SIZE - 1];
        return way != null && way.bytes == pgsize ? way : null;
    }
}
