package org.sluice.pgtable.arm;

import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
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
final class LpaeTable implements PageTable {
    private static final long BLOCK = 1;
    private static final int ACCESS = Prot.READ | Prot.WRITE;

    private final PageTableConfig config;
    private final WalkerConfig walkerConfig;
    private final LeafAttributes attributes;
    private final Geometry geometry;
    private final Granule granule;
    private final Level pages;
    private final Tables tables;
    private final TableWords words;
    private final long pageSizes;
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
        pageSizes = config.pageSizes();
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
        new Adoption(tables, attributes, pageSizes, lastPaddr).check();
    }

    @Override
    public PageTableConfig config() {
        return config;
    }

    @Override
    public WalkerConfig walkerConfig() {
        return walkerConfig;
    }

    @Override
    public long firstIova() {
        return firstIova;
    }

    @Override
    public long lastIova() {
        return firstIova + lastOffset;
    }

    /**
     * The usual case first, in as few steps as it can be done: one page, in a leaf table whose address is known. What it does
     * not take, for whatever reason, the general way maps or refuses.
     */
    @Override
    public long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
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
        return mapRuns(iova, paddr, pgsize, pgcount, prot);
    }

    private long mapRuns(long iova, long paddr, long pgsize, long pgcount, int prot) {
        Level level = level(pgsize);
        if (level == null
                || ((iova | paddr) & pgsize - 1) != 0
                || pgcount <= 0
                || (prot & ~Prot.ALL) != 0
                || attributesByProt[prot] == 0
                || !isIova(iova)
                || (paddr & ~lastPaddr) != 0
                || pgcount > (lastOffset - (iova - firstIova) >>> level.shift) + 1
                || pgcount > (lastPaddr - paddr >>> level.shift) + 1) {
            throw refusal(iova, paddr, pgsize, pgcount, prot);
        }
        long leaf = attributesByProt[prot] | (level.last ? pageType : BLOCK);
        long bytes = pgcount << level.shift;
        long done = 0;
        do {
            long at = iova + done;
            long target = paddr + done;
            long table = tableFor(at, level, done);
            int index = level.index(at);
            int run = (int) Math.min(level.entries - index, bytes - done >>> level.shift);
            run = granule.ascending(target, run, level.shift);
            long entry = table + 8L * index;
            if (!words.fillFree(entry, run, granule.encode(target) | leaf, pgsize)) {
                clearTheWay(entry, run, at, level, done);
                if (!words.fillFree(entry, run, granule.encode(target) | leaf, pgsize)) {
                    throw exists(at, words.load(entry), done);
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
                throw exists(iova + i * level.bytes(), descriptor, done);
            }
        }
        for (int i = 0; i < run && !level.last; i++) {
            tables.unlink(entry + 8L * i, iova + i * level.bytes(), level, null);
        }
    }

    private static boolean isTable(long descriptor, Level level) {
        return !level.last && Tables.isTable(descriptor);
    }

    private static MappingException exists(long iova, long descriptor, long done) {
        return new MappingException(
                Errno.EEXIST, String.format("iova 0x%x is mapped already, by descriptor 0x%x", iova, descriptor), done);
    }

    private MappingException refusal(long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (level(pgsize) == null) {
            return invalid(String.format("page size 0x%x is not one of 0x%x", pgsize, pageSizes));
        }
        if (((iova | paddr) & pgsize - 1) != 0) {
            return invalid(String.format("iova 0x%x or paddr 0x%x is no multiple of 0x%x", iova, paddr, pgsize));
        }
        if (pgcount <= 0) {
            return invalid("page count " + pgcount + " is not above 0");
        }
        if ((prot & ACCESS) == 0 || (prot & ~Prot.ALL) != 0) {
            return invalid("protection " + Prot.toString(prot) + " grants no access, or has unknown bits");
        }
        return new MappingException(
                Errno.ERANGE,
                String.format(
                        "0x%x pages of 0x%x bytes, iova 0x%x to paddr 0x%x: iovas are 0x%x to 0x%x, paddrs up to 0x%x",
                        pgcount, pgsize, iova, paddr, firstIova, lastIova(), lastPaddr),
                0);
    }

    private static MappingException invalid(String message) {
        return new MappingException(Errno.EINVAL, message, 0);
    }

    @Override
    public long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        long wrong = iova & pageOffset | (iova - firstIova) & ~lastOffset;
        if (pgcount == 1 && pgsize == pageOffset + 1 && wrong == 0) {
            long table = tables.knownLeafTable(iova);
            if (table >= 0 && words.clearOne(pages.entry(table, iova), pageType)) {
                gather.addRange(iova, pgsize, pgsize);
                return pgsize;
            }
        }
        return unmapRuns(iova, pgsize, pgcount, gather);
    }

    private long unmapRuns(long iova, long pgsize, long pgcount, IotlbGather gather) {
        Level level = level(pgsize);
        if (level == null || (iova & pgsize - 1) != 0 || pgcount <= 0 || !isIova(iova)) {
            return 0;
        }
        int tablesBefore = gather.tableCount();
        long wanted = Math.min(pgcount, (lastOffset - (iova - firstIova) >>> level.shift) + 1);
        long done = 0;
        while (done < wanted) {
            long at = iova + (done << level.shift);
            long table = tables.find(at, level);
            if (table < 0) {
                break; // a hole, or a block of which this would be a part: Linux splits no blocks
            }
            int index = level.index(at);
            int run = (int) Math.min(level.entries - index, wanted - done);
            int unmapped = unmapRun(table + 8L * index, run, at, level, gather);
            done += unmapped;
            if (unmapped < run) {
                break;
            }
        }
        if (done != 0) {
            boolean onlyLeaves = gather.tableCount() == tablesBefore;
            gather.addRange(iova, done << level.shift, onlyLeaves ? pgsize : granule.bytes());
        }
        return done << level.shift;
    }

    private int unmapRun(long entry, int run, long iova, Level level, IotlbGather gather) {
        if (level.last) {
            return words.clearLeaves(entry, run, pageType);
        }
        int done = 0;
        while (done < run) {
            done += words.clearLeaves(entry + 8L * done, run - done, BLOCK);
            if (done == run || !tables.unlink(entry + 8L * done, iova + done * level.bytes(), level, gather)) {
                break;
            }
            done++;
        }
        return done;
    }

    @Override
    public long iovaToPhys(long iova) {
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
        boolean leaf = (descriptor & DescriptorRun.TYPE) == (level.last ? pageType : BLOCK);
        return leaf ? granule.decode(descriptor) | iova & level.bytes() - 1 : 0;
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        long from = Long.compareUnsigned(first, firstIova) < 0 ? firstIova : first;
        long to = Long.compareUnsigned(last, lastIova()) > 0 ? lastIova() : last;
        if (Long.compareUnsigned(from, to) <= 0) {
            new LeafWalk(tables, attributes, visitor).walk(firstIova, from, to);
        }
    }

    @Override
    public TableSurvey survey() {
        return new Survey(tables, attributes).of(firstIova);
    }

    @Override
    public void free() {
        tables.free();
    }

    /** The level whose entries cover a page size; null when the size is not one of ours. */
    private Level level(long pgsize) {
        if (pgsize == pages.bytes()) {
            return pages;
        }
        return (pageSizes & pgsize) != 0 ? geometry.ofSize(pgsize) : null;
    }

    private boolean isIova(long iova) {
        return Long.compareUnsigned(iova - firstIova, lastOffset) <= 0;
    }
}
