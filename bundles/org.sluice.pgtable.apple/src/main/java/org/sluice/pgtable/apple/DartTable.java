package org.sluice.pgtable.apple;

import java.util.List;
import java.util.stream.LongStream;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.pgtable.radix.TableWords;
import org.sluice.spi.pgtable.DartTables;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A page table of a DART, with the semantics of Linux's io-pgtable-dart: pages of one size, no blocks. In one call it does
 * what Linux does in one per table. No table is freed before the space is, since no unmap is of a table's own size.
 *
 * <p>Threads as {@link PageTable} says. There is no lock; a failed map leaves what was mapped before, and says how much.
 */
final class DartTable implements PageTable {
    private static final int ACCESS = Prot.READ | Prot.WRITE;

    private final PageTableConfig config;
    private final Tables tables;
    private final TableWords words;
    private final WalkerConfig walkerConfig;
    private final Dialect dialect;
    private final int pageShift;
    private final long pageBytes;
    private final long step;
    private final int entries;
    private final long lastIova;
    private final long lastPaddr;
    /** Bits of a leaf by protection, so that a map asks nobody. */
    private final long[] attributesByProt = new long[Prot.ALL + 1];

    DartTable(PageTableConfig config, Tables tables) {
        this.config = config;
        this.tables = tables;
        words = tables.words;
        dialect = tables.dialect;
        pageShift = tables.geometry.pageShift;
        pageBytes = 1L << pageShift;
        step = dialect.encode(pageBytes);
        entries = tables.geometry.entries();
        lastIova = (1L << config.inputBits()) - 1;
        lastPaddr = (1L << config.outputBits()) - 1;
        for (int prot = 0; prot <= Prot.ALL; prot++) {
            attributesByProt[prot] = dialect.attributes(prot);
        }
        walkerConfig = new DartTables(ttbrs(tables), tables.geometry.levels + 1);
    }

    private static List<Long> ttbrs(Tables tables) {
        return LongStream.range(0, tables.geometry.tops)
                .mapToObj(i -> tables.root + i * tables.geometry.tableBytes())
                .toList();
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
        return 0;
    }

    @Override
    public long lastIova() {
        return lastIova;
    }

    @Override
    public long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (pgsize != pageBytes
                || ((iova | paddr) & pgsize - 1) != 0
                || pgcount <= 0
                || (prot & ~Prot.ALL) != 0
                || (prot & ACCESS) == 0
                || (iova & ~lastIova) != 0
                || (paddr & ~lastPaddr) != 0
                || pgcount > (lastIova - iova >>> pageShift) + 1
                || pgcount > (lastPaddr - paddr >>> pageShift) + 1) {
            throw refusal(iova, paddr, pgsize, pgcount, prot);
        }
        long leaf = attributesByProt[prot];
        long bytes = pgcount << pageShift;
        long done = 0;
        do {
            long at = iova + done;
            int index = tables.index(at, 0);
            int run = (int) Math.min(entries - index, bytes - done >>> pageShift);
            long entry = tableFor(at, done) + 8L * index;
            if (!words.fillFree(entry, run, dialect.encode(paddr + done) | leaf, step, 1)) {
                throw exists(entry, run, at, done);
            }
            done += (long) run << pageShift;
        } while (done != bytes);
        return bytes;
    }

    private long tableFor(long iova, long done) {
        try {
            return tables.findOrMake(iova);
        } catch (IommuException refused) {
            throw new MappingException(
                    refused.errno(), String.format("no table for iova 0x%x: %s", iova, refused.getMessage()), done);
        }
    }

    private MappingException exists(long entry, int run, long iova, long done) {
        int taken = 0;
        while (taken < run - 1 && !Tables.isValid(words.load(entry + 8L * taken))) {
            taken++;
        }
        return new MappingException(
                Errno.EEXIST,
                String.format(
                        "iova 0x%x is mapped already, by entry 0x%x",
                        iova + ((long) taken << pageShift), words.load(entry + 8L * taken)),
                done);
    }

    private MappingException refusal(long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (pgsize != pageBytes) {
            return invalid(String.format("page size 0x%x is not 0x%x", pgsize, pageBytes));
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
                        "0x%x pages of 0x%x bytes, iova 0x%x to paddr 0x%x: iovas are up to 0x%x, paddrs up to 0x%x",
                        pgcount, pgsize, iova, paddr, lastIova, lastPaddr),
                0);
    }

    private static MappingException invalid(String message) {
        return new MappingException(Errno.EINVAL, message, 0);
    }

    @Override
    public long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        if (pgsize != pageBytes || (iova & pgsize - 1) != 0 || pgcount <= 0 || (iova & ~lastIova) != 0) {
            return 0;
        }
        long wanted = Math.min(pgcount, (lastIova - iova >>> pageShift) + 1) << pageShift;
        long done = 0;
        while (done < wanted) {
            long at = iova + done;
            long table = tables.find(at);
            if (table < 0) {
                break;
            }
            int index = tables.index(at, 0);
            int run = (int) Math.min(entries - index, wanted - done >>> pageShift);
            int unmapped = words.clearPresent(table + 8L * index, run);
            done += (long) unmapped << pageShift;
            if (unmapped < run) {
                break;
            }
        }
        if (done != 0) {
            gather.addRange(iova, done, pageBytes);
        }
        return done;
    }

    @Override
    public long iovaToPhys(long iova) {
        if ((iova & ~lastIova) != 0) {
            return 0;
        }
        long table = tables.find(iova);
        if (table < 0) {
            return 0;
        }
        long entry = words.load(table + 8L * tables.index(iova, 0));
        return Tables.isValid(entry) ? dialect.decode(entry) | iova & pageBytes - 1 : 0;
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        visit(first, last, new TreeWalk.Visitor() {
            @Override
            public boolean leaf(long iova, long entry) {
                return visitor.leaf(iova, dialect.decode(entry), pageBytes, entry, dialect.prot(entry));
            }
        });
    }

    @Override
    public TableSurvey survey() {
        Survey survey = new Survey(tables);
        visit(0, lastIova, survey);
        return survey.result();
    }

    private void visit(long first, long last, TreeWalk.Visitor visitor) {
        long to = Long.compareUnsigned(last, lastIova) > 0 ? lastIova : last;
        if (Long.compareUnsigned(first, to) <= 0) {
            new TreeWalk(tables, visitor).walk(first, to);
        }
    }

    @Override
    public void free() {
        tables.free();
    }
}
