package org.sluice.tck;

import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.LeafVisitor;
import org.sluice.api.Prot;
import org.sluice.spi.memory.PhysicalMemory;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.RadixTable;
import org.sluice.spi.pgtable.TableHost;
import org.sluice.spi.pgtable.TableSurvey;
import org.sluice.spi.pgtable.WalkerConfig;

/** The table of {@link ToyFormat}: valid in bit 0, table in bit 1, address in 39:12, protection in 57:52, dirty in 58. */
final class ToyTable implements PageTable, DirtyTracking, BlockSplitting {
    static final long PAGE = 1L << 12;
    static final long BLOCK = 1L << 21;
    static final int INPUT_BITS = 30;
    static final long PROT = 0x3fL << 52;

    private static final long SPACE = 1L << INPUT_BITS;
    private static final long OUTPUT = 1L << 40;
    private static final long NOTHING = -1;
    private static final long IN_A_BLOCK = -2;

    private final PageTableConfig config;
    private final long root;
    private final TableHost host;
    private final PhysicalMemory memory;
    private final Defect defect;
    private final ToyAbilities abilities;
    private long remembered;
    private long rememberedFor = NOTHING;
    private long[] litter;

    ToyTable(PageTableConfig config, long root, TableHost host, Defect defect) {
        this.config = config;
        this.root = root;
        this.host = host;
        this.defect = defect;
        memory = host.memory();
        abilities = new ToyAbilities(this, root, host, defect);
    }

    /** Makes a second table at creation, so that a creation can fail half-way. */
    void makeFirstTable() {
        make(0);
    }

    static boolean isTable(long descriptor) {
        return (descriptor & 3) == 3;
    }

    static long address(long descriptor) {
        return descriptor & OUTPUT - PAGE;
    }

    private boolean has(Defect one) {
        return defect == one;
    }

    @Override
    public long mapPages(long iova, long paddr, long pgsize, long pgcount, int prot) {
        check(iova, paddr, pgsize, pgcount, prot);
        litter = has(Defect.ALLOCATES_ON_THE_HEAP) ? new long[2] : null;
        int granted = has(Defect.PROTECTION_IS_LOST) ? Prot.READ : prot;
        for (long done = 0; done != pgsize * pgcount; done += pgsize) {
            long step = has(Defect.LONG_RUN_BEGINS_AGAIN) && done >= 510 * PAGE ? 0 : done;
            long leaf = address(paddr + step) | (long) granted << 52 | 1;
            boolean mapped;
            try {
                mapped = pgsize == PAGE ? mapPage(iova + done, leaf) : mapBlock(iova + done, leaf);
            } catch (IommuException refused) {
                Errno errno = has(Defect.ENOMEM_IS_TOLD_AS_EEXIST) ? Errno.EEXIST : refused.errno();
                throw new MappingException(errno, refused.getMessage(), done);
            }
            if (!mapped) {
                long said = has(Defect.MAPPED_COUNTS_THE_PAGE_THAT_FAILED) ? done + pgsize : done;
                throw new MappingException(
                        Errno.EEXIST,
                        String.format("iova 0x%x is mapped", iova + done),
                        has(Defect.MAPPED_IS_ALWAYS_ZERO) ? 0 : said);
            }
        }
        return pgsize * pgcount;
    }

    private void check(long iova, long paddr, long pgsize, long pgcount, int prot) {
        boolean known = pgsize == PAGE || pgsize == BLOCK;
        if (!known || ((iova | paddr) & pgsize - 1) != 0 || pgcount <= 0) {
            throw refusal(Errno.EINVAL, iova, paddr, pgsize, pgcount);
        }
        if ((prot & (Prot.READ | Prot.WRITE)) == 0 || (prot & ~Prot.ALL) != 0) {
            throw new MappingException(Errno.EINVAL, "protection " + Prot.toString(prot), 0);
        }
        boolean ends = has(Defect.END_OF_THE_SPACE_IS_NOT_CHECKED) || pgcount <= (SPACE - iova) / pgsize;
        boolean reachable = has(Defect.PADDR_IS_CUT)
                || Long.compareUnsigned(paddr, OUTPUT) < 0 && pgcount <= (OUTPUT - paddr) / pgsize;
        if (!isIova(iova) || !ends || !reachable) {
            throw refusal(Errno.ERANGE, iova, paddr, pgsize, pgcount);
        }
    }

    private static MappingException refusal(Errno errno, long iova, long paddr, long pgsize, long pgcount) {
        return new MappingException(
                errno, String.format("iova 0x%x to 0x%x, %d of 0x%x", iova, paddr, pgcount, pgsize), 0);
    }

    private static boolean isIova(long iova) {
        return Long.compareUnsigned(iova, SPACE) < 0;
    }

    private long rootEntry(long iova) {
        return root + 8 * (iova >>> 21 & 511);
    }

    private static long pageEntry(long table, long iova) {
        return table + 8 * (iova >>> 12 & 511);
    }

    private long find(long iova) {
        if (has(Defect.WRITES_INTO_AN_UNLINKED_TABLE) && rememberedFor == iova >>> 21) {
            return remembered;
        }
        long descriptor = memory.read64Acquire(rootEntry(iova));
        long table = isTable(descriptor) ? address(descriptor) : descriptor == 0 ? NOTHING : IN_A_BLOCK;
        if (table > 0) {
            remembered = table;
            rememberedFor = iova >>> 21;
        }
        return table;
    }

    private void make(long iova) {
        long fresh = ToyFormat.allocate(host);
        if (has(Defect.INSTALLS_WITHOUT_COMPARE_AND_SET)) {
            memory.write64Release(rootEntry(iova), fresh | 3);
        } else if (!memory.compareAndSet64(rootEntry(iova), 0, fresh | 3)) {
            host.freeTable(fresh, PAGE);
        }
    }

    private boolean mapPage(long iova, long leaf) {
        long table = find(iova);
        while (table == NOTHING) {
            make(iova);
            table = find(iova);
        }
        if (table == IN_A_BLOCK) {
            return false;
        }
        if (has(Defect.OVERWRITES_A_LEAF)) {
            memory.write64Release(pageEntry(table, iova), leaf);
            return true;
        }
        return memory.compareAndSet64(pageEntry(table, iova), 0, leaf);
    }

    private boolean mapBlock(long iova, long leaf) {
        long entry = rootEntry(iova);
        long descriptor = memory.read64Acquire(entry);
        if (!isTable(descriptor)) {
            return memory.compareAndSet64(entry, 0, leaf);
        }
        long table = address(descriptor);
        if (has(Defect.EMPTY_TABLE_IS_IN_THE_WAY) || !has(Defect.BLOCK_OVER_A_TABLE_IN_USE) && !isEmpty(table)) {
            return false;
        }
        boolean late = has(Defect.RETIRES_AFTER_THE_BLOCK);
        if (!memory.compareAndSet64(entry, descriptor, late ? leaf : 0)) {
            return false;
        }
        host.retireTable(iova, BLOCK, PAGE, table, PAGE);
        return late || memory.compareAndSet64(entry, 0, leaf);
    }

    private boolean isEmpty(long table) {
        for (long at = table; at < table + PAGE; at += 8) {
            if (memory.read64Acquire(at) != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public long unmapPages(long iova, long pgsize, long pgcount, IotlbGather gather) {
        boolean known = pgsize == PAGE || pgsize == BLOCK;
        if (!known || (iova & pgsize - 1) != 0 || pgcount <= 0 || !isIova(iova)) {
            return 0;
        }
        long wanted = Math.min(pgcount, (SPACE - iova) / pgsize) * pgsize;
        long unmapped = 0;
        for (long done = 0; done < wanted; done += pgsize) {
            long bytes = pgsize == PAGE ? unmapPage(iova + done, gather) : unmapBlock(iova + done, gather);
            if (bytes == 0 && has(Defect.UNMAP_COUNTS_HOLES)) {
                bytes = pgsize;
            }
            unmapped += bytes;
            if (bytes == 0 && !has(Defect.UNMAP_GOES_ON_BEHIND_A_HOLE)) {
                break;
            }
        }
        if (unmapped != 0 && !has(Defect.GATHER_HAS_NO_RANGE)) {
            gather.addRange(iova, unmapped, has(Defect.GATHER_STRIDES_OVER_PAGES) ? pgsize : PAGE);
        }
        return unmapped;
    }

    private long unmapPage(long iova, IotlbGather gather) {
        long table = find(iova);
        if (table == IN_A_BLOCK && has(Defect.PART_OF_A_BLOCK_REMOVES_IT)) {
            memory.write64Release(rootEntry(iova), 0);
            return BLOCK;
        }
        if (table < 0) {
            return 0;
        }
        long descriptor = memory.read64Acquire(pageEntry(table, iova));
        if (descriptor == 0 || !memory.compareAndSet64(pageEntry(table, iova), descriptor, 0)) {
            return 0;
        }
        if (has(Defect.EMPTY_TABLE_IS_TAKEN_OUT_BY_PAGES) && isEmpty(table)) {
            memory.write64Release(rootEntry(iova), 0);
            gather.addTable(table, PAGE);
        }
        return PAGE;
    }

    private long unmapBlock(long iova, IotlbGather gather) {
        long descriptor = memory.read64Acquire(rootEntry(iova));
        if (descriptor == 0 || !memory.compareAndSet64(rootEntry(iova), descriptor, 0)) {
            return 0;
        }
        if (isTable(descriptor)) {
            if (has(Defect.UNLINKED_TABLE_IS_FREED_AT_ONCE)) {
                host.freeTable(address(descriptor), PAGE);
            } else if (!has(Defect.UNLINKED_TABLE_IS_NOT_GIVEN_TO_THE_GATHER)) {
                gather.addTable(address(descriptor), PAGE);
            }
        }
        return BLOCK;
    }

    @Override
    public long iovaToPhys(long iova) {
        if (!isIova(iova)) {
            return 0;
        }
        long table = find(iova);
        long entry = table < 0 ? rootEntry(iova) : pageEntry(table, iova);
        long mask = (table < 0 ? BLOCK : PAGE) - 1;
        long descriptor = memory.read64Acquire(entry);
        if (table < 0 && isTable(descriptor) && !has(Defect.LOOK_UP_MISSES_A_SPLIT)) {
            return iovaToPhys(iova); // the block was split between two looks
        }
        return (descriptor & 3) == 1 ? address(descriptor) | iova & mask : 0;
    }

    @Override
    public void walk(long first, long last, LeafVisitor visitor) {
        long from = Long.compareUnsigned(first, SPACE) < 0 ? first : SPACE;
        long to = Long.compareUnsigned(last, SPACE) < 0 ? last : SPACE - 1;
        for (long base = from & -BLOCK; base <= to; base += BLOCK) {
            long descriptor = memory.read64Acquire(rootEntry(base));
            boolean further = isTable(descriptor)
                    ? walkTable(address(descriptor), base, from, to, visitor)
                    : descriptor == 0 || visit(visitor, base, BLOCK, descriptor);
            if (!further && !has(Defect.WALK_DOES_NOT_STOP)) {
                return;
            }
        }
    }

    private boolean walkTable(long table, long base, long from, long to, LeafVisitor visitor) {
        for (long iova = base; iova < base + BLOCK; iova += PAGE) {
            long descriptor = memory.read64Acquire(pageEntry(table, iova));
            boolean seen = descriptor != 0 && iova + PAGE > from && iova <= to;
            if (seen && !visit(visitor, iova, PAGE, descriptor)) {
                return false;
            }
        }
        return true;
    }

    private static boolean visit(LeafVisitor visitor, long iova, long size, long descriptor) {
        return visitor.leaf(iova, address(descriptor), size, descriptor, (int) ((descriptor & PROT) >>> 52));
    }

    @Override
    public TableSurvey survey() {
        TreeMap<Long, Long> bySize = new TreeMap<>();
        long[] digest = {0};
        walk(0, SPACE - 1, (iova, paddr, size, descriptor, prot) -> {
            bySize.merge(size, 1L, Long::sum);
            digest[0] += TableSurvey.mix(iova, paddr, size, prot);
            return true;
        });
        long tables = has(Defect.SURVEY_LEAVES_OUT_THE_ROOT) ? 0 : 1;
        for (long at = root; at < root + PAGE; at += 8) {
            tables += isTable(memory.read64Acquire(at)) ? 1 : 0;
        }
        return new TableSurvey(bySize, tables, tables * PAGE, digest[0]);
    }

    @Override
    public void readDirty(long iova, long size, boolean clear, IotlbGather gather, LeafVisitor visitor) {
        abilities.readDirty(iova, size, clear, gather, visitor);
    }

    @Override
    public long split(long iova, boolean withoutBreak) {
        return abilities.split(iova, withoutBreak);
    }

    @Override
    public int cut(long iova, long size, boolean withoutBreak) {
        return has(Defect.CUT_DOES_NOTHING) ? 0 : BlockSplitting.super.cut(iova, size, withoutBreak);
    }

    @Override
    public void free() {
        boolean forget = has(Defect.FORGETS_A_TABLE_ON_FREE);
        for (long at = root + PAGE - 8; at >= root; at -= 8) {
            long descriptor = memory.read64Acquire(at);
            if (isTable(descriptor) && !forget) {
                host.freeTable(address(descriptor), PAGE);
            }
            forget &= !isTable(descriptor);
        }
        host.freeTable(root, PAGE);
    }

    @Override
    public PageTableConfig config() {
        return config;
    }

    @Override
    public long firstIova() {
        return 0;
    }

    @Override
    public long lastIova() {
        return SPACE - 1;
    }

    @Override
    public WalkerConfig walkerConfig() {
        return new RadixTable(root, 2, 0);
    }
}
