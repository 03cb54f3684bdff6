package org.sluice.pgtable.arm;

import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.pgtable.radix.KnownTable;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/**
 * A page table of short descriptors, with the semantics of Linux's io-pgtable-arm-v7s. Sixteen entries of one level are
 * removed by their common size whatever stands in them, a large page or smaller leaves, if none is empty; one of sixteen
 * that make a large page is not.
 *
 * <p>Threads as {@link PageTable} says. There is no lock; a failed map leaves what was mapped before, and says how much.
 */
final class ShortTable implements PageTable {
    private static final int ACCESS = Prot.READ | Prot.WRITE;

    private final PageTableConfig config;
    private final WalkerConfig walkerConfig;
    private final ShortTables tables;
    private final ShortDescriptors descriptors;
    private final long pageSizes;
    private final long lastIova;
    private final long lastPaddr;
    private final ShortPageWay pageWay;

    ShortTable(PageTableConfig config, ShortTables tables, WalkerConfig walkerConfig) {
        this.config = config;
        this.tables = tables;
        this.walkerConfig = walkerConfig;
        descriptors = tables.descriptors;
        pageSizes = config.pageSizes();
        lastIova = (1L << config.inputBits()) - 1;
        lastPaddr = (1L << config.outputBits()) - 1;
        pageWay = new ShortPageWay(tables, (pageSizes & ShortSize.PAGE.bytes()) != 0, lastIova, lastPaddr);
    }

    /** Refuses tables that are not of this format; reads only. */
    void checkAdopted() {
        new ShortAdoption(tables, pageSizes, lastIova, lastPaddr).check();
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

    /** The usual case first: one page in a table whose place is known. */
    @Override
    public long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        if (pgcount == 1 && pgsize == pageWay.bytes) {
            KnownTable table = pageWay.tableOf(iova);
            int bits = (int) pageWay.single(prot);
            if (table != null
                    && bits != 0
                    && (paddr & pageWay.badPaddr) == 0
                    && pageWay.replace(table, iova, 0, bits | descriptors.encode(paddr))) {
                return pgsize;
            }
        }
        return mapLeaves(iova, paddr, pgsize, pgcount, prot);
    }

    private long mapLeaves(long iova, long paddr, long pgsize, long pgcount, int prot) {
        ShortSize size = size(pgsize);
        if (size == null
                || ((iova | paddr) & pgsize - 1) != 0
                || pgcount <= 0
                || (prot & ~Prot.ALL) != 0
                || (prot & ACCESS) == 0
                || !isIova(iova)
                || (paddr & ~lastPaddr) != 0
                || pgcount > (lastIova - iova >>> size.shift) + 1
                || pgcount > (lastPaddr - paddr >>> size.shift) + 1) {
            throw MapRefusal.of(this, lastPaddr, iova, paddr, pgsize, pgcount, prot);
        }
        long bytes = pgcount << size.shift;
        for (long done = 0; done != bytes; done += pgsize) {
            long at = iova + done;
            int leaf = descriptors.leaf(paddr + done, prot, size);
            long entry = size.isFirstLevel() ? tables.first(at) : ShortTables.second(tableFor(at, done), at);
            if (!tables.fill(entry, size.repeats, leaf)) {
                if (size.isFirstLevel()) {
                    clearTheWay(at, size, done);
                }
                if (!tables.fill(entry, size.repeats, leaf)) {
                    throw MapRefusal.exists(at, tables.load(entry) & 0xffff_ffffL, done);
                }
            }
        }
        return bytes;
    }

    private long tableFor(long iova, long done) {
        long table;
        try {
            table = tables.findOrMake(iova);
        } catch (IommuException refused) {
            throw new MappingException(
                    refused.errno(), String.format("no table for iova 0x%x: %s", iova, refused.getMessage()), done);
        }
        if (table == ShortTables.BLOCKED) {
            throw new MappingException(
                    Errno.EEXIST,
                    String.format("iova 0x%x lies in a section that maps it to 0x%x", iova, iovaToPhys(iova)),
                    done);
        }
        return table;
    }

    /** Retires the tables where a leaf is to be, if none of them maps anything and no leaf is there. */
    private void clearTheWay(long iova, ShortSize size, long done) {
        for (long at = iova; at < iova + size.bytes(); at += size.entryBytes()) {
            int descriptor = tables.load(tables.first(at));
            boolean unused = descriptor == 0
                    || ShortDescriptors.isTable(descriptor) && !tables.holdsLeaf(descriptors.table(descriptor));
            if (!unused) {
                throw MapRefusal.exists(at, descriptor & 0xffff_ffffL, done);
            }
        }
        for (long at = iova; at < iova + size.bytes(); at += size.entryBytes()) {
            int descriptor = tables.load(tables.first(at));
            if (ShortDescriptors.isTable(descriptor)) {
                tables.unlink(at, descriptor, null);
            }
        }
    }

    /** As {@link #mapPages}: first one page in a known table. */
    @Override
    public long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        if (pgcount == 1 && pgsize == pageWay.bytes) {
            KnownTable table = pageWay.tableOf(iova);
            int there = table == null ? 0 : pageWay.load(table, iova);
            if (ShortSize.isPage(there) && pageWay.replace(table, iova, there, 0)) {
                gather.addRange(iova, pgsize, pgsize);
                return pgsize;
            }
        }
        return unmapLeaves(iova, pgsize, pgcount, gather);
    }

    private long unmapLeaves(long iova, long pgsize, long pgcount, IotlbGather gather) {
        ShortSize size = size(pgsize);
        if (size == null || (iova & pgsize - 1) != 0 || pgcount <= 0 || !isIova(iova)) {
            return 0;
        }
        long bytes = Math.min(pgcount, (lastIova - iova >>> size.shift) + 1) << size.shift;
        long smallest = pgsize;
        long done = 0;
        while (done < bytes) {
            long found = unmap(iova + done, size, gather);
            if (found == 0) {
                break;
            }
            smallest = Math.min(smallest, found);
            done += pgsize;
        }
        if (done != 0) {
            gather.addRange(iova, done, smallest);
        }
        return done;
    }

    /**
     * Removes what has a size.
     *
     * @return size in bytes of the smallest leaf that was there; 0 when nothing was removed
     */
    private long unmap(long iova, ShortSize size, IotlbGather gather) {
        long table = size.isFirstLevel() ? 0 : tables.find(iova);
        if (table < 0) {
            return 0; // a hole, or a section of which this would be a part
        }
        long entry = size.isFirstLevel() ? tables.first(iova) : ShortTables.second(table, iova);
        long smallest = size.bytes();
        for (int i = 0; i < size.repeats; i++) {
            int descriptor = tables.load(entry + 4L * i);
            ShortSize leaf = leaf(descriptor, size);
            boolean isTable = size.isFirstLevel() && ShortDescriptors.isTable(descriptor);
            if (!isTable && (leaf == null || leaf.shift > size.shift)) {
                return 0;
            }
            smallest = Math.min(smallest, isTable ? ShortSize.PAGE.bytes() : leaf.bytes());
        }
        for (int i = 0; i < size.repeats; i++) {
            remove(entry + 4L * i, iova + i * size.entryBytes(), size, gather);
        }
        return smallest;
    }

    private void remove(long entry, long iova, ShortSize size, IotlbGather gather) {
        int descriptor = tables.load(entry);
        if (size.isFirstLevel() && ShortDescriptors.isTable(descriptor)) {
            tables.unlink(iova, descriptor, gather);
        } else if (descriptor != 0) {
            tables.clear(entry, descriptor);
        }
    }

    private static ShortSize leaf(int descriptor, ShortSize ofLevel) {
        return ofLevel.isFirstLevel() ? ShortSize.ofFirst(descriptor) : ShortSize.ofSecond(descriptor);
    }

    /** A page in a known table first; the general way finds everything. */
    @Override
    public long iovaToPhys(long iova) {
        KnownTable table = pageWay.tableAround(iova);
        int descriptor = table == null ? 0 : pageWay.load(table, iova);
        return ShortSize.isPage(descriptor)
                ? descriptors.address(descriptor, ShortSize.PAGE) | iova & pageWay.bytes - 1
                : search(iova);
    }

    private long search(long iova) {
        if (!isIova(iova)) {
            return 0;
        }
        long table = tables.find(iova);
        int descriptor = tables.load(table < 0 ? tables.first(iova) : ShortTables.second(table, iova));
        ShortSize size = table < 0 ? ShortSize.ofFirst(descriptor) : ShortSize.ofSecond(descriptor);
        return size == null ? 0 : descriptors.address(descriptor, size) | iova & size.bytes() - 1;
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        long to = Long.compareUnsigned(last, lastIova) > 0 ? lastIova : last;
        long at = first;
        while (Long.compareUnsigned(at, to) <= 0) {
            int descriptor = tables.load(tables.first(at));
            ShortSize size = ShortSize.ofFirst(descriptor);
            long step = ShortSize.SECTION.bytes();
            if (ShortDescriptors.isTable(descriptor)) {
                descriptor = tables.load(ShortTables.second(descriptors.table(descriptor), at));
                size = ShortSize.ofSecond(descriptor);
                step = ShortSize.PAGE.bytes();
            }
            if (size != null) {
                step = size.bytes();
                long paddr = descriptors.address(descriptor, size);
                int prot = descriptors.prot(descriptor, size);
                if (!visitor.leaf(at & -step, paddr, step, descriptor & 0xffff_ffffL, prot)) {
                    return;
                }
            }
            at = (at & -step) + step;
        }
    }

    @Override
    public TableSurvey survey() {
        TreeMap<Long, Long> leaves = new TreeMap<>();
        long[] digest = {0};
        walk(0, lastIova, (iova, paddr, size, descriptor, prot) -> {
            leaves.merge(size, 1L, Long::sum);
            digest[0] += TableSurvey.mix(iova, paddr, size, prot);
            return true;
        });
        long second = tables.secondTables();
        return new TableSurvey(leaves, 1 + second, tables.rootBytes() + second * ShortTables.SECOND_BYTES, digest[0]);
    }

    @Override
    public void free() {
        tables.free();
    }

    /** The leaf of a page size; null when the size is not one of ours. */
    private ShortSize size(long pgsize) {
        return (pageSizes & pgsize) != 0 ? ShortSize.ofBytes(pgsize) : null;
    }

    private boolean isIova(long iova) {
        return (iova & ~lastIova) == 0;
    }
}
