package org.sluice.pgtable.amd;

import org.sluice.amd.arch.AmdPte;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.pgtable.radix.DirtyMarks;
import org.sluice.pgtable.radix.KnownTable;
import org.sluice.pgtable.radix.MapRefusal;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.RadixTable;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * An AMD IOMMU v1 page table, with the semantics of Linux's generic_pt (linux-iommu.md section 2.3): leaves of any power of
 * two, and an unmap that takes what it finds in its range, whatever its size. A leaf is taken whole where the range begins
 * with it, even if it is larger than the range; a range that begins inside a leaf is refused (0). Tables as
 * {@link PageTable#unmapPages} says.
 *
 * <p>Threads as {@link PageTable} and {@link DirtyTracking} say. There is no lock; a failed map leaves what was mapped
 * before, and says how much. {@link #walkerConfig()} changes when
 * a map lets the tree grow, and the host is told before that map returns; one that cannot follow refuses the map.
 */
final class AmdTable implements PageTable, DirtyTracking, BlockSplitting {
    private static final Level PAGES = Level.of(0);

    private final PageTableConfig config;
    private final Tables tables;
    private final TableWords words;
    private final long pageSizes;
    private final long lastIova;
    private final long lastPaddr;
    /** By log2 of the size; null where it is none of ours. */
    private final AmdWay[] ways = new AmdWay[Long.SIZE];
    /** That of the smallest pages. */
    private final AmdWay pageWay;

    private final MapRefusal refusal;
    /** Attribute bits by protection, so that a map asks nobody; 0 for those that grant nothing. */
    private final long[] attributesByProt = new long[Prot.ALL + 1];
    /** The last one that was asked for: whoever asks after every map makes no garbage. */
    private volatile RadixTable walkerConfig;

    AmdTable(PageTableConfig config, Tables tables) {
        this.config = config;
        this.tables = tables;
        words = tables.words;
        walkerConfig = Tables.walkerConfig(tables.topNow());
        pageSizes = config.pageSizes();
        lastIova = -1L >>> Long.SIZE - config.inputBits();
        lastPaddr = -1L >>> Long.SIZE - config.outputBits();
        for (int prot = 0; prot <= Prot.ALL; prot++) {
            attributesByProt[prot] = Pte.attributes(prot);
        }
        for (long left = pageSizes; left != 0; left &= left - 1) {
            int shift = Long.numberOfTrailingZeros(left);
            ways[shift] = new AmdWay(new LeafSize(shift), tables, config.inputBits(), lastPaddr, attributesByProt);
        }
        pageWay = ways[Long.numberOfTrailingZeros(pageSizes)];
        refusal = new MapRefusal(config, lastIova, attributesByProt, Errno.EINVAL, Errno.EINVAL);
    }

    @Override
    public PageTableConfig config() {
        return config;
    }

    @Override
    public WalkerConfig walkerConfig() {
        long top = tables.topNow();
        RadixTable known = walkerConfig;
        if (known.root() != Tables.root(top)) {
            known = Tables.walkerConfig(top);
            walkerConfig = known;
        }
        return known;
    }

    @Override
    public long firstIova() {
        return 0;
    }

    @Override
    public long lastIova() {
        return lastIova;
    }

    /**
     * The usual case first, in as few steps as it can be done: one leaf of one entry in a table whose place is known. All else
     * maps {@link #mapRuns}, which is longer than what a compiler takes into its callers, on purpose: so this stays short, and
     * is itself taken into them.
     */
    @Override
    public long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        AmdWay way = pgsize == pageWay.bytes ? pageWay : way(pgsize);
        if (pgcount == 1 && way != null) {
            KnownTable table = way.tableOf(iova);
            long bits = way.single(prot);
            if (table != null
                    && bits != 0
                    && (paddr & way.badPaddr) == 0
                    && TableWords.putFree(table.window, way.word(table, iova), AmdPte.PR_MASK, paddr | bits)) {
                return pgsize;
            }
        }
        return mapRuns(way, iova, paddr, pgsize, pgcount, prot);
    }

    private long mapRuns(AmdWay way, long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (way == null
                || ((iova | paddr) & pgsize - 1) != 0
                || pgcount <= 0
                || (prot & ~Prot.ALL) != 0
                || attributesByProt[prot] == 0
                || !isIova(iova)
                || (paddr & ~lastPaddr) != 0
                || pgcount > (lastIova - iova >>> way.size.shift) + 1
                || pgcount > (lastPaddr - paddr >>> way.size.shift) + 1) {
            throw refusal.of(iova, paddr, pgsize, pgcount, prot);
        }
        LeafSize size = way.size;
        Level level = size.level;
        long leaf = attributesByProt[prot] | size.code;
        long bytes = pgcount << size.shift;
        long entries = bytes >>> level.shift;
        KnownTable known = way.tableAround(iova);
        if (known != null && entries <= Level.ENTRIES - way.index(iova)) {
            // All in one table that is remembered, as most runs are.
            int at = way.word(known, iova);
            if (words.fillFree(known.window, at, (int) entries, paddr | leaf, pgsize, size.replicas)) {
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
            if (!words.fillFree(entry, run, paddr + done | leaf, pgsize, size.replicas)) {
                clearTheWay(entry, run, at, level, done);
                if (!words.fillFree(entry, run, paddr + done | leaf, pgsize, size.replicas)) {
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
                    String.format("iova 0x%x lies in a leaf that maps it to 0x%x", iova, iovaToPhys(iova)),
                    done);
        }
        return table;
    }

    /** Retires the tables in a run of entries, if none of them maps anything and no leaf is there. */
    private void clearTheWay(long at, int run, long iova, Level level, long done) {
        for (int i = 0; i < run; i++) {
            long entry = words.load(at + 8L * i);
            boolean unused = !Pte.isPresent(entry)
                    || Pte.isTable(entry, level) && !tables.holdsLeaf(Pte.tableAddress(entry), level.below());
            if (!unused) {
                throw MapRefusal.exists(iova + i * level.bytes(), entry, done);
            }
        }
        for (int i = 0; i < run && !level.isLast(); i++) {
            tables.unlink(at + 8L * i, iova + i * level.bytes(), level, null);
        }
    }

    /** As {@link #mapPages}: first one leaf in a known table, and all else out of line. */
    @Override
    public long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        AmdWay way = pgsize == pageWay.bytes ? pageWay : way(pgsize);
        if (pgcount == 1 && way != null) {
            KnownTable table = way.tableOf(iova);
            if (table != null && TableWords.clearOne(table.window, way.word(table, iova), Pte.KIND, way.singleKind)) {
                gather.addRange(iova, pgsize, pgsize);
                return pgsize;
            }
        }
        return unmapRuns(way, iova, pgcount, gather);
    }

    private long unmapRuns(AmdWay way, long iova, long pgcount, IotlbGather gather) {
        if (way == null || (iova & way.bytes - 1) != 0 || pgcount <= 0 || !isIova(iova)) {
            return 0;
        }
        LeafSize size = way.size;
        Level level = tables.within(size.level);
        long pages = Math.min(pgcount, Math.min((lastIova - iova >>> size.shift) + 1, Long.MAX_VALUE >>> size.shift));
        long wanted = pages << size.shift;
        long done = 0;
        while (done < wanted) {
            long at = iova + done;
            long table = tables.find(at, level);
            if (table < 0) {
                long leaf = table == Tables.BLOCKED ? unmapAbove(at, level, gather) : 0;
                if (leaf == 0) {
                    break; // a hole, or the inside of a leaf
                }
                done += leaf;
            } else {
                int index = level.index(at);
                int run = (int) Math.min(Level.ENTRIES - index, wanted - done >>> level.shift);
                int unmapped = unmapRun(table + 8L * index, run, at, size, level, gather);
                done += (long) unmapped << level.shift;
                if (unmapped < run) {
                    break;
                }
            }
        }
        return done;
    }

    /** Unmaps the leaf of a higher level that begins at an address; returns its bytes. */
    private long unmapAbove(long iova, Level level, IotlbGather gather) {
        Level higher = level.above;
        long table = tables.find(iova, higher);
        while (table == Tables.BLOCKED) {
            higher = higher.above;
            table = tables.find(iova, higher);
        }
        return table < 0 ? 0 : (long) unmapLeaf(higher.entry(table, iova), iova, higher, gather) << higher.shift;
    }

    /** Unmaps leaves and tables up to the first hole; returns entries, more than the run when its last leaf is longer. */
    private int unmapRun(long at, int run, long iova, LeafSize size, Level level, IotlbGather gather) {
        int done = 0;
        while (done < run) {
            if (level == size.level) {
                int leaves = words.clearMatching(at + 8L * done, run - done, size.mask, size.code, size.replicas);
                if (leaves != 0) {
                    gather.addRange(iova + done * level.bytes(), leaves * level.bytes(), size.bytes());
                    done += leaves;
                    continue;
                }
            }
            int unmapped = unmapEntry(at + 8L * done, iova + done * level.bytes(), level, gather);
            if (unmapped == 0) {
                break;
            }
            done += unmapped;
        }
        return done;
    }

    private int unmapEntry(long at, long iova, Level level, IotlbGather gather) {
        if (tables.unlink(at, iova, level, gather)) {
            gather.addRange(iova, level.bytes(), Level.TABLE_BYTES);
            return 1;
        }
        return unmapLeaf(at, iova, level, gather);
    }

    /** Unmaps a leaf that begins at an entry; returns its entries. */
    private int unmapLeaf(long at, long iova, Level level, IotlbGather gather) {
        long entry = words.load(at);
        int shift = Pte.leafShift(entry, level);
        if (!Pte.isPresent(entry) || Pte.isTable(entry, level) || (iova & (1L << shift) - 1) != 0) {
            return 0;
        }
        int replicas = 1 << shift - level.shift;
        words.clear(at, replicas);
        gather.addRange(iova, 1L << shift, 1L << shift);
        return replicas;
    }

    /** A page in a known table first; the general way finds everything. */
    @Override
    public long iovaToPhys(long iova) {
        AmdWay way = pageWay;
        KnownTable table = way.tableAround(iova);
        if (table != null) {
            long entry = TableWords.get(table.window, way.word(table, iova));
            if ((entry & Pte.KIND) == way.singleKind) {
                return entry & way.frame | iova & way.bytes - 1;
            }
        }
        return search(iova);
    }

    private long search(long iova) {
        if (!isIova(iova)) {
            return 0;
        }
        Level level = PAGES;
        long table = tables.look(iova, level);
        while (table == Tables.BLOCKED) {
            level = level.above;
            table = tables.look(iova, level);
        }
        if (table < 0) {
            return 0;
        }
        long entry = words.load(level.entry(table, iova));
        if (!Pte.isPresent(entry)) {
            return 0;
        }
        if (Pte.isTable(entry, level)) {
            return search(iova); // a leaf was split between two looks: what it mapped is mapped below
        }
        int shift = Pte.leafShift(entry, level);
        return Pte.leafAddress(entry, shift) | iova & (1L << shift) - 1;
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        visit(
                first,
                last,
                (at, iova, shift, level, entry) ->
                        visitor.leaf(iova, Pte.leafAddress(entry, shift), 1L << shift, entry, Pte.prot(entry)));
    }

    @Override
    public void readDirty(long iova, long size, boolean clear, IotlbGather gather, LeafVisitor visitor) {
        long last = DirtyMarks.lastOf(words, iova, size, clear, gather);
        visit(iova, last, new DirtyLeaves(words, clear, gather, visitor));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IommuException also EOPNOTSUPP when the next smaller of {@link PageTableConfig#pageSizes()} is two levels down, or
     *     a dirty mark could be lost in this memory
     */
    @Override
    public long split(long iova, boolean withoutBreak) {
        if (!withoutBreak) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    String.format("iova 0x%x: a leaf is split only where hardware takes it without a break", iova));
        }
        return isIova(iova) ? new BlockSplit(tables, pageSizes).split(iova) : 0;
    }

    private void visit(long first, long last, TreeWalk.Visitor visitor) {
        long to = Long.compareUnsigned(last, lastIova) > 0 ? lastIova : last;
        if (Long.compareUnsigned(first, to) <= 0) {
            new TreeWalk(words, visitor).walk(tables.topNow(), first, to);
        }
    }

    @Override
    public TableSurvey survey() {
        Survey survey = new Survey();
        visit(0, lastIova, survey);
        return survey.result();
    }

    @Override
    public void free() {
        tables.free();
    }

    /** The way of a size; null when it is none of ours. */
    private AmdWay way(long pgsize) {
        AmdWay way = ways[Long.numberOfTrailingZeros(pgsize) & Long.SIZE - 1];
        return way != null && way.bytes == pgsize ? way : null;
    }

    private boolean isIova(long iova) {
        return Long.compareUnsigned(iova, lastIova) <= 0;
    }
}
