package org.sluice.pgtable.arm;

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
 * A page table of long descriptors, with the semantics of Linux's io-pgtable-arm (linux-iommu.md section 2.2), and in one
 * call what Linux does in one per table: runs go on over the ends of tables.
 *
 * <p>Threads as {@link PageTable} says. There is no lock; a failed map leaves what was mapped before, and says how much.
 */
sealed class LpaeTable implements PageTable, BlockSplitting permits DirtyTable {
    private static final int ACCESS = Prot.READ | Prot.WRITE;

    private final PageTableConfig config;
    private final WalkerConfig walkerConfig;
    private final LeafAttributes attributes;
    private final Geometry geometry;
    private final Granule granule;
    private final Level pages;
    private final Tables tables;
    private final TableWords words;
    private final LeafSizes sizes;
    private final LeafRemoval removal;
    private final long firstIova;
    private final long lastOffset;
    private final long lastPaddr;
    private final long pageType;
    private final long pageOffset;
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
        sizes = new LeafSizes(geometry, config.pageSizes());
        removal = new LeafRemoval(tables, attributes.pageType());
        boolean upper = config.has(Quirk.ARM_TTBR1);
        firstIova = upper ? -1L << config.inputBits() : 0;
        lastOffset = (1L << config.inputBits()) - 1;
        lastPaddr = (1L << config.outputBits()) - 1;
        pageType = attributes.pageType();
        pageOffset = pages.bytes() - 1;
        for (int prot = 0; prot <= Prot.ALL; prot++) {
            attributesByProt[prot] = (prot & ACCESS) == 0 ? 0 : attributes.attributes(prot);
        }
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
     * The usual case first, in as few steps as it can be done: one page, in a leaf table whose address is known. What it does
     * not take, for whatever reason, the general way maps or refuses.
     */
    @Override
    public final long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        long wrong =
                (iova | paddr) & pageOffset | (iova - firstIova) & ~lastOffset | paddr & ~lastPaddr | prot & ~Prot.ALL;
        if (pgcount == 1 && pgsize == pageOffset + 1 && wrong == 0) {
            long attributeBits = attributesByProt[prot];
            long table = tables.knownLeafTable(iova);
            if (attributeBits != 0
                    && table >= 0
                    && words.putFree(pages.entry(table, iova), granule.encode(paddr) | attributeBits | pageType)) {
                return pgsize;
            }
        }
        return mapRun(iova, paddr, pgsize, pgcount, prot);
    }

    /** The next usual case: leaves that fit one table, whose address is known. Everything else is the general way's again. */
    private long mapRun(long iova, long paddr, long pgsize, long pgcount, int prot) {
        LeafSize size = sizes.of(pgsize);
        if (size != null) {
            Level level = size.level;
            int index = level.index(iova);
            long lastByte = paddr + (pgcount << size.shift) - 1;
            long wrong = (iova | paddr) & pgsize - 1
                    | (iova - firstIova) & ~lastOffset
                    | (paddr | lastByte) & ~lastPaddr
                    | prot & ~Prot.ALL;
            if (wrong == 0 && pgcount > 0 && pgcount <= level.entries - index >> size.entriesShift) {
                int run = (int) pgcount << size.entriesShift;
                long attributeBits = attributesByProt[prot];
                long table = tables.known(iova, level);
                long leaf = granule.encode(paddr) | attributeBits | leafType(size);
                if (attributeBits != 0
                        && table >= 0
                        && granule.ascending(paddr, run, level.shift) == run
                        && words.fillFree(table + 8L * index, run, leaf, level.bytes())) {
                    return pgcount << size.shift;
                }
            }
        }
        return mapRuns(iova, paddr, pgsize, pgcount, prot);
    }

    /** What tells leaves of a size from everything else at their level. */
    private long leafType(LeafSize size) {
        return (size.level.last ? pageType : DescriptorRun.BLOCK) | size.hint;
    }

    private long mapRuns(long iova, long paddr, long pgsize, long pgcount, int prot) {
        LeafSize size = sizes.of(pgsize);
        if (size == null
                || ((iova | paddr) & pgsize - 1) != 0
                || pgcount <= 0
                || (prot & ~Prot.ALL) != 0
                || attributesByProt[prot] == 0
                || !isIova(iova)
                || (paddr & ~lastPaddr) != 0
                || pgcount > (lastOffset - (iova - firstIova) >>> size.shift) + 1
                || pgcount > (lastPaddr - paddr >>> size.shift) + 1) {
            throw MapRefusal.of(this, lastPaddr, iova, paddr, pgsize, pgcount, prot);
        }
        Level level = size.level;
        // The hint is written with the leaf or never: on a live leaf it would need a break before make.
        long leaf = attributesByProt[prot] | leafType(size);
        long bytes = pgcount << size.shift;
        long done = 0;
        do {
            long at = iova + done;
            long target = paddr + done;
            long table = tableFor(at, level, done);
            int index = level.index(at);
            int run = (int) Math.min(level.entries - index, bytes - done >>> level.shift);
            run = granule.ascending(target, run, level.shift);
            long entry = table + 8L * index;
            if (!words.fillFree(entry, run, granule.encode(target) | leaf, level.bytes())) {
                clearTheWay(entry, run, at, level, done);
                if (!words.fillFree(entry, run, granule.encode(target) | leaf, level.bytes())) {
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
                    String.format("iova 0x%x lies in a block that maps it to 0x%x", iova, iovaToPhys(iova)),
                    done);
        }
        return table;
    }

    /** Retires the tables in a run of entries, if none of them maps anything and no leaf is there. */
    private void clearTheWay(long entry, int run, long iova, Level level, long done) {
        for (int i = 0; i < run; i++) {
            long descriptor = words.load(entry + 8L * i);
            boolean unused = (descriptor & 1) == 0
                    || isTable(descriptor, level)
                            && !tables.holdsLeaf(granule.decode(descriptor), geometry.below(level));
            if (!unused) {
                throw MapRefusal.exists(iova + i * level.bytes(), descriptor, done);
            }
        }
        for (int i = 0; i < run && !level.last; i++) {
            tables.unlink(entry + 8L * i, iova + i * level.bytes(), level, null);
        }
    }

    private static boolean isTable(long descriptor, Level level) {
        return !level.last && Tables.isTable(descriptor);
    }

    @Override
    public final long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        long wrong = iova & pageOffset | (iova - firstIova) & ~lastOffset;
        if (pgcount == 1 && pgsize == pageOffset + 1 && wrong == 0) {
            long table = tables.knownLeafTable(iova);
            if (table >= 0 && words.clearOne(pages.entry(table, iova), pageType)) {
                gather.addRange(iova, pgsize, pgsize);
                return pgsize;
            }
        }
        return unmapRun(iova, pgsize, pgcount, gather);
    }

    /** As {@link #mapRun}; what the first try cleared, the general way goes on behind. */
    private long unmapRun(long iova, long pgsize, long pgcount, IotlbGather gather) {
        LeafSize size = sizes.of(pgsize);
        int cleared = 0;
        if (size != null && !size.isGroup()) {
            Level level = size.level;
            int index = level.index(iova);
            long wrong = iova & pgsize - 1 | (iova - firstIova) & ~lastOffset;
            if (wrong == 0 && pgcount > 0 && pgcount <= level.entries - index) {
                long table = tables.known(iova, level);
                cleared = table < 0 ? 0 : words.clearLeaves(table + 8L * index, (int) pgcount, leafType(size));
                if (cleared == pgcount) {
                    gather.addRange(iova, pgcount << size.shift, pgsize);
                    return pgcount << size.shift;
                }
            }
        }
        return unmapRuns(iova, size, pgcount, cleared, gather);
    }

    private long unmapRuns(long iova, LeafSize size, long pgcount, int cleared, IotlbGather gather) {
        if (size == null || (iova & size.bytes() - 1) != 0 || pgcount <= 0 || !isIova(iova)) {
            return 0;
        }
        Level level = size.level;
        int tablesBefore = gather.tableCount();
        long leaves = Math.min(pgcount, (lastOffset - (iova - firstIova) >>> size.shift) + 1);
        long wanted = leaves << size.entriesShift;
        long done = cleared;
        while (done < wanted) {
            long at = iova + (done << level.shift);
            long table = tables.find(at, level);
            if (table < 0) {
                break; // a hole, or a block of which this would be a part: Linux splits no blocks
            }
            int index = level.index(at);
            int run = (int) Math.min(level.entries - index, wanted - done);
            int unmapped = removal.remove(table + 8L * index, run, at, size, gather);
            done += unmapped;
            if (unmapped < run) {
                break;
            }
        }
        if (done != 0) {
            // A TLB need not keep a group as one: what is invalidated are its members.
            boolean onlyLeaves = gather.tableCount() == tablesBefore;
            gather.addRange(iova, done << level.shift, onlyLeaves ? level.bytes() : granule.bytes());
        }
        return done << level.shift;
    }

    @Override
    public final long iovaToPhys(long iova) {
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
        boolean leaf = (descriptor & DescriptorRun.TYPE) == (level.last ? pageType : DescriptorRun.BLOCK);
        if (leaf) {
            return granule.decode(descriptor) | iova & level.bytes() - 1;
        }
        // A block that is a table now was split between two looks: what it mapped is mapped below.
        return isTable(descriptor, level) ? iovaToPhys(iova) : 0;
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
            words.needAtomicWithDevice("splitting a block");
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

    private boolean isIova(long iova) {
        return Long.compareUnsigned(iova - firstIova, lastOffset) <= 0;
    }
}
