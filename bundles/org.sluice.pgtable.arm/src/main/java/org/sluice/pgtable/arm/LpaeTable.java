package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.pgtable.radix.DirtyMarks;
import org.sluice.pgtable.radix.KnownTable;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A page table of long descriptors, with the semantics of Linux's io-pgtable-arm (linux-iommu.md section 2.2), and in one
 * call what Linux does in one per table: runs go on over the ends of tables.
 *
 * <p>Threads as {@link PageTable} says. There is no lock; a failed map leaves what was mapped before, and says how much.
 */
sealed class LpaeTable implements PageTable, BlockSplitting permits DirtyTable {
    private final PageTableConfig config;
    private final WalkerConfig walkerConfig;
    private final LeafAttributes attributes;
    private final Geometry geometry;
    private final Granule granule;
    private final Level pages;
    private final Tables tables;
    private final TableWords words;
    /** By log2 of the size; null where it is none of ours. */
    private final LpaeWay[] ways;

    private final LpaeWay pageWay;
    private final LeafInsertion insertion;
    private final LeafRemoval removal;
    private final long firstIova;
    private final long lastOffset;
    private final long lastPaddr;
    private final long pageType;
    /** Attribute bits by protection, so that a map asks nobody; 0 for those that grant nothing. */
    private final long[] attributesByProt = new long[Prot.ALL + 1];

    LpaeTable(PageTableConfig config, Tables tables, LeafAttributes attributes, WalkerConfig walkerConfig) {
        this.config = config;
        this.tables = tables;
        this.attributes = attributes;
        this.walkerConfig = walkerConfig;
        geometry = tables.geometry;
        granule = geometry.granule;
        pages = geometry.pages;
        words = tables.words;
        boolean upper = config.has(Quirk.ARM_TTBR1);
        firstIova = upper ? -1L << config.inputBits() : 0;
        lastOffset = (1L << config.inputBits()) - 1;
        lastPaddr = (1L << config.outputBits()) - 1;
        pageType = attributes.pageType();
        for (int prot = 0; prot <= Prot.ALL; prot++) {
            attributesByProt[prot] = MapRefusal.isExpressible(config, prot) ? attributes.attributes(prot) : 0;
        }
        ways = LpaeWay.byShift(tables, config.pageSizes(), this, lastPaddr, pageType, attributesByProt);
        pageWay = new LpaeWay(pages.leaf, tables, this, lastPaddr, pageType, attributesByProt);
        insertion = new LeafInsertion(this, tables);
        removal = new LeafRemoval(tables, pageType);
    }

    /** Refuses tables that are not of this format; reads only. */
    void checkAdopted() {
        new Adoption(tables, attributes, config.pageSizes(), lastPaddr).check();
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
        return firstIova;
    }

    @Override
    public final long lastIova() {
        return firstIova + lastOffset;
    }

    /**
     * The usual case first, in as few steps as it can be done: one leaf in a table whose place is known. All else maps
     * {@link #mapRuns}, which is longer than what a compiler takes into its callers, on purpose: so this stays short, and
     * is itself taken into them.
     */
    @Override
    public final long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        LpaeWay way = pgsize == pageWay.bytes ? pageWay : way(pgsize);
        if (pgcount == 1 && way != null) {
            KnownTable table = way.tableOf(iova);
            long bits = way.single(prot);
            if (table != null
                    && bits != 0
                    && (paddr & way.badPaddr) == 0
                    && TableWords.putFree(table.window, way.word(table, iova), 1, paddr | bits)) {
                return pgsize;
            }
        }
        return mapRuns(way, iova, paddr, pgsize, pgcount, prot);
    }

    private long mapRuns(LpaeWay way, long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (way == null
                || ((iova ^ firstIova) & way.badOffset | paddr & way.refusedPaddr | prot & ~Prot.ALL) != 0
                || attributesByProt[prot] == 0
                || pgcount <= 0
                || pgcount > (lastOffset - (iova - firstIova) >>> way.size.shift) + 1
                || pgcount > (lastPaddr - paddr >>> way.size.shift) + 1) {
            throw MapRefusal.of(this, lastPaddr, iova, paddr, pgsize, pgcount, prot);
        }
        // The hint is written with the leaf or never: on a live leaf it would need a break before make.
        long bits = attributesByProt[prot] | way.kind;
        int shift = way.indexShift;
        long step = 1L << shift;
        long bytes = pgcount << way.size.shift;
        int first = way.index(iova);
        KnownTable known = way.tableAround(iova);
        if (known != null && granule.folded == 0 && bytes >>> shift <= way.indexMask + 1 - first) {
            // All in one table that is remembered, as most runs are.
            int at = way.word(known, iova);
            if (words.fillFree(known.window, at, (int) (bytes >>> shift), paddr | bits, step, 1)) {
                return bytes;
            }
        }
        long done = 0;
        do {
            long at = iova + done;
            long target = paddr + done;
            int index = way.index(at);
            int run = (int) Math.min(way.indexMask + 1 - index, bytes - done >>> shift);
            run = granule.ascending(target, run, shift);
            long leaf = granule.encode(target) | bits;
            KnownTable table = way.tableAround(at);
            if (table == null || !words.fillFree(table.window, way.word(table, at), run, leaf, step, 1)) {
                insertion.insert(at, run, leaf, way.size.level, done);
            }
            done += (long) run << shift;
        } while (done != bytes);
        return bytes;
    }

    /** As {@link #mapPages}: first one leaf in a known table, and all else out of line. */
    @Override
    public final long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        LpaeWay way = pgsize == pageWay.bytes ? pageWay : way(pgsize);
        if (pgcount == 1 && way != null) {
            KnownTable table = way.tableOf(iova);
            if (table != null && TableWords.clearOne(table.window, way.word(table, iova), way.kinds, way.singleKind)) {
                gather.addRange(iova, pgsize, pgsize);
                return pgsize;
            }
        }
        return unmapRuns(way, iova, pgcount, gather);
    }

    private long unmapRuns(LpaeWay way, long iova, long pgcount, IotlbGather gather) {
        if (way == null || pgcount <= 0 || ((iova ^ firstIova) & way.badOffset) != 0) {
            return 0;
        }
        int tablesBefore = gather.tableCount();
        int shift = way.indexShift;
        long leaves = Math.min(pgcount, (lastOffset - (iova - firstIova) >>> way.size.shift) + 1);
        long wanted = leaves << way.size.entriesShift;
        long done = 0;
        while (done < wanted) {
            long at = iova + (done << shift);
            int index = way.index(at);
            int run = (int) Math.min(way.indexMask + 1 - index, wanted - done);
            KnownTable table = way.tableAround(at);
            int removed = table == null
                    ? 0
                    : TableWords.clearMatching(table.window, way.word(table, at), run, way.kinds, way.kind, 1);
            if (removed < run) {
                long found = tables.find(at, way.size.level);
                if (found >= 0) { // else a hole, or a block of which this would be a part: Linux splits no blocks
                    removed = removal.remove(found + 8L * index, removed, run, at, way.size, gather);
                }
            }
            done += removed;
            if (removed < run) {
                break;
            }
        }
        if (done != 0) {
            // A TLB need not keep a group as one: what is invalidated are its members.
            boolean onlyLeaves = gather.tableCount() == tablesBefore;
            gather.addRange(iova, done << shift, onlyLeaves ? way.size.level.bytes() : granule.bytes());
        }
        return done << shift;
    }

    /** A page in a known table first; the general way finds everything. */
    @Override
    public final long iovaToPhys(long iova) {
        LpaeWay way = pageWay;
        KnownTable table = way.tableAround(iova);
        if (table != null) {
            long descriptor = TableWords.get(table.window, way.word(table, iova));
            if ((descriptor & way.plainType) == way.kind) {
                return descriptor & way.plain | iova & way.bytes - 1;
            }
        }
        return search(iova);
    }

    private long search(long iova) {
        if (!isIova(iova)) {
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
        long descriptor = words.load(level.entry(table, iova));
        boolean leaf = (descriptor & Tables.TYPE) == (level.last ? pageType : Tables.BLOCK);
        if (leaf) {
            return granule.decode(descriptor) | iova & level.bytes() - 1;
        }
        // A block that is a table now was split between two looks: what it mapped is mapped below.
        return !level.last && Tables.isTable(descriptor) ? search(iova) : 0;
    }

    @Override
    public final void walk(long first, long last, LeafVisitor visitor) {
        walkEntries(
                first,
                last,
                (entry, size, iova, paddr, descriptor) ->
                        visitor.leaf(iova, paddr, size.bytes(), descriptor, attributes.prot(descriptor)));
    }

    /** As {@link #walk}, and says where each leaf stands. */
    final void walkEntries(long first, long last, EntryVisitor visitor) {
        long from = Long.compareUnsigned(first, firstIova) < 0 ? firstIova : first;
        long to = Long.compareUnsigned(last, lastIova()) > 0 ? lastIova() : last;
        if (Long.compareUnsigned(from, to) <= 0) {
            new LeafWalk(tables, visitor).walk(firstIova, from, to);
        }
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
                    String.format("iova 0x%x: a block is split only where hardware needs no break before make", iova));
        }
        if (config.has(Quirk.ARM_HD)) {
            DirtyMarks.needAtomicAccess(words, "splitting a block");
        }
        return isIova(iova) ? new BlockSplit(tables, config.pageSizes(), pageType).split(iova) : 0;
    }

    @Override
    public final TableSurvey survey() {
        return new Survey(tables, attributes).of(firstIova);
    }

    @Override
    public final void free() {
        tables.free();
    }

    /** The way of a size; null when it is not offered. */
    private LpaeWay way(long pgsize) {
        LpaeWay way = ways[Long.numberOfTrailingZeros(pgsize) & Long.SIZE - 1];
        return way != null && way.bytes == pgsize ? way : null;
    }

    private boolean isIova(long iova) {
        return Long.compareUnsigned(iova - firstIova, lastOffset) <= 0;
    }
}
