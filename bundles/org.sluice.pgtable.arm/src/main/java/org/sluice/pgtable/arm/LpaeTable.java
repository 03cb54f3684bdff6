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
    private final Tables tables;
    private final TableWords words;
    private final long pageSizes;
    private final long firstIova;
    private final long lastIova;
    private final long lastPaddr;
    private final long pageType;
    /** Attribute bits by protection, so that a map asks nobody. */
    private final long[] attributesByProt = new long[Prot.ALL + 1];

    LpaeTable(PageTableConfig config, Tables tables, LeafAttributes attributes, WalkerConfig walkerConfig) {
        this.config = config;
        this.tables = tables;
        this.attributes = attributes;
        this.walkerConfig = walkerConfig;
        geometry = tables.geometry;
        granule = geometry.granule;
        words = tables.words;
        pageSizes = config.pageSizes();
        boolean upper = config.has(Quirk.ARM_TTBR1);
        firstIova = upper ? -1L << config.inputBits() : 0;
        lastIova = upper ? -1L : (1L << config.inputBits()) - 1;
        lastPaddr = (1L << config.outputBits()) - 1;
        pageType = attributes.pageType();
        for (int prot = 0; prot <= Prot.ALL; prot++) {
            attributesByProt[prot] = attributes.attributes(prot);
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
        return lastIova;
    }

    @Override
    public long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (!isPageSize(pgsize)
                || ((iova | paddr) & pgsize - 1) != 0
                || pgcount <= 0
                || !isIova(iova)
                || Long.compareUnsigned(paddr, lastPaddr) > 0
                || pgcount > pagesTo(lastIova, iova, pgsize)
                || pgcount > pagesTo(lastPaddr, paddr, pgsize)
                || (prot & ACCESS) == 0
                || (prot & ~Prot.ALL) != 0) {
            throw refusal(iova, paddr, pgsize, pgcount, prot);
        }
        int level = geometry.level(pgsize);
        long leaf = attributesByProt[prot] | (level == Geometry.LAST_LEVEL ? pageType : BLOCK);
        int entries = geometry.entries(level);
        long bytes = pgcount * pgsize;
        long done = 0;
        do {
            long at = iova + done;
            long target = paddr + done;
            long table = tableFor(at, level, done);
            long pages =
                    Math.min(entries - geometry.index(at, level), bytes - done >>> Long.numberOfTrailingZeros(pgsize));
            int run = (int) Math.min(pages, pagesTo(granule.lastOfRun(target), target, pgsize));
            long entry = tables.entry(table, at, level);
            if (!words.fillFree(entry, run, granule.encode(target) | leaf, pgsize)) {
                clearTheWay(entry, run, at, level, done);
                if (!words.fillFree(entry, run, granule.encode(target) | leaf, pgsize)) {
                    throw exists(at, words.load(entry), done);
                }
            }
            done += run * pgsize;
        } while (done != bytes);
        return bytes;
    }

    private long tableFor(long iova, int level, long done) {
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
    private void clearTheWay(long entry, int run, long iova, int level, long done) {
        for (int i = 0; i < run; i++) {
            long descriptor = words.load(entry + 8L * i);
            boolean unused = (descriptor & 1) == 0
                    || isTable(descriptor, level) && !tables.holdsLeaf(granule.decode(descriptor), level + 1);
            if (!unused) {
                throw exists(iova + i * geometry.entryBytes(level), descriptor, done);
            }
        }
        for (int i = 0; i < run && level < Geometry.LAST_LEVEL; i++) {
            tables.unlink(entry + 8L * i, iova + i * geometry.entryBytes(level), level, null);
        }
    }

    private static boolean isTable(long descriptor, int level) {
        return level < Geometry.LAST_LEVEL && Tables.isTable(descriptor);
    }

    private static MappingException exists(long iova, long descriptor, long done) {
        return new MappingException(
                Errno.EEXIST, String.format("iova 0x%x is mapped already, by descriptor 0x%x", iova, descriptor), done);
    }

    private MappingException refusal(long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (!isPageSize(pgsize)) {
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
                        pgcount, pgsize, iova, paddr, firstIova, lastIova, lastPaddr),
                0);
    }

    private static MappingException invalid(String message) {
        return new MappingException(Errno.EINVAL, message, 0);
    }

    @Override
    public long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        if (!isPageSize(pgsize) || (iova & pgsize - 1) != 0 || pgcount <= 0 || !isIova(iova)) {
            return 0;
        }
        int level = geometry.level(pgsize);
        int entries = geometry.entries(level);
        int tablesBefore = gather.tableCount();
        long pages = Math.min(pgcount, pagesTo(lastIova, iova, pgsize));
        long done = 0;
        while (done < pages) {
            long at = iova + done * pgsize;
            long table = tables.find(at, level);
            if (table < 0) {
                break; // a hole, or a block of which this would be a part: Linux splits no blocks
            }
            int run = (int) Math.min(entries - geometry.index(at, level), pages - done);
            int unmapped = unmapRun(tables.entry(table, at, level), run, at, level, gather);
            done += unmapped;
            if (unmapped < run) {
                break;
            }
        }
        if (done != 0) {
            boolean onlyLeaves = gather.tableCount() == tablesBefore;
            gather.addRange(iova, done * pgsize, onlyLeaves ? pgsize : granule.bytes());
        }
        return done * pgsize;
    }

    private int unmapRun(long entry, int run, long iova, int level, IotlbGather gather) {
        if (level == Geometry.LAST_LEVEL) {
            return words.clearLeaves(entry, run, pageType);
        }
        int done = 0;
        while (done < run) {
            done += words.clearLeaves(entry + 8L * done, run - done, BLOCK);
            if (done == run
                    || !tables.unlink(entry + 8L * done, iova + done * geometry.entryBytes(level), level, gather)) {
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
        int level = Geometry.LAST_LEVEL;
        long table = tables.find(iova, level);
        while (table == Tables.BLOCKED) {
            table = tables.find(iova, --level);
        }
        if (table < 0) {
            return 0;
        }
        long descriptor = words.load(tables.entry(table, iova, level));
        boolean leaf = (descriptor & DescriptorRun.TYPE) == (level == Geometry.LAST_LEVEL ? pageType : BLOCK);
        return leaf ? granule.decode(descriptor) | iova & geometry.entryBytes(level) - 1 : 0;
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        long from = Long.compareUnsigned(first, firstIova) < 0 ? firstIova : first;
        long to = Long.compareUnsigned(last, lastIova) > 0 ? lastIova : last;
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

    private boolean isPageSize(long size) {
        return (pageSizes & size) != 0 && (size & size - 1) == 0;
    }

    private boolean isIova(long iova) {
        return Long.compareUnsigned(iova - firstIova, lastIova - firstIova) <= 0;
    }

    /** Pages from an address to the end of a range that it lies in. */
    private static long pagesTo(long last, long at, long pgsize) {
        return (last - at >>> Long.numberOfTrailingZeros(pgsize)) + 1;
    }
}
