package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.spi.memory.MemoryFactory;
import org.sluice.spi.pgtable.BlockSplitting;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** One page table in one configuration, for one case: the table under watch, its memory, and a gather. */
final class Trial {
    private final FormatUnderTest subject;
    private final PageTableConfig config;
    private final MemoryFactory factory;
    private final TableLedger ledger;
    private final IotlbGather gather = new IotlbGather();
    private WatchedTable table;

    Trial(FormatUnderTest subject, PageTableConfig config, MemoryFactory factory) {
        this(subject, config, factory, false);
    }

    Trial(FormatUnderTest subject, PageTableConfig config, MemoryFactory factory, boolean windowless) {
        this.subject = subject;
        this.config = config;
        this.factory = factory;
        ledger = new TableLedger(factory, windowless);
    }

    /** Another one of the same. */
    Trial another(boolean windowless) {
        return new Trial(subject, config, factory, windowless);
    }

    FormatUnderTest subject() {
        return subject;
    }

    /** As it was asked for. */
    PageTableConfig config() {
        return config;
    }

    TableLedger ledger() {
        return ledger;
    }

    IotlbGather gather() {
        return gather;
    }

    MemoryFactory factory() {
        return factory;
    }

    /** The table, made at its first use. */
    WatchedTable table() {
        if (table == null) {
            takeOver(create(ledger));
        }
        return table;
    }

    /** Makes a table of the configuration with another memory. */
    PageTable create(TableLedger books) {
        books.begin(TableLedger.Licence.NONE);
        try {
            return subject.format().create(config, books);
        } finally {
            books.end();
        }
    }

    PageTable adopt(long root) {
        ledger.begin(TableLedger.Licence.NONE);
        try {
            return subject.format().adopt(config, root, ledger);
        } finally {
            ledger.end();
        }
    }

    /** Goes on with another object over the same tables. */
    void takeOver(PageTable other) {
        ledger.install(other.walkerConfig());
        table = new WatchedTable(other, subject.unmapRule(), ledger);
    }

    /** Smallest page. */
    long page() {
        return Long.lowestOneBit(table().config().pageSizes());
    }

    long first() {
        return table().firstIova();
    }

    /** Last IOVA of the range that cases use: with addresses of all 64 bits, as far as they are positive. */
    long last() {
        boolean wide = table().firstIova() == 0 && table().lastIova() < 0;
        return wide ? (1L << Math.min(64, table().config().inputBits()) - 1) - 1 : table().lastIova();
    }

    /** Whether an IOVA can be mapped: in the table's range, and sign-extended where that is all 64 bits. */
    boolean isIova(long iova) {
        int spare = 64 - table().config().inputBits();
        boolean whole = table().firstIova() == 0 && table().lastIova() == -1;
        return whole
                ? spare <= 0 || iova << spare >> spare == iova
                : Long.compareUnsigned(iova - first(), table().lastIova() - first()) <= 0;
    }

    /** Whether the table tells dirty leaves. */
    boolean tracks() {
        return subject.abilities().track(config);
    }

    DirtyTracking dirtyTracking() {
        return (DirtyTracking) table().unwatched();
    }

    /** Whether the table splits blocks. */
    boolean splits() {
        return subject.abilities().splits().test(config);
    }

    /** Splits the block at an IOVA, under watch. */
    long split(long iova, boolean withoutBreak) {
        ledger.begin(TableLedger.Licence.NONE);
        try {
            return ((BlockSplitting) table().unwatched()).split(iova, withoutBreak);
        } finally {
            ledger.end();
        }
    }

    /** What is in the tables that the format holds. */
    Map<Long, byte[]> contents() {
        Map<Long, byte[]> contents = new TreeMap<>();
        ledger.live().forEach((at, size) -> {
            byte[] bytes = new byte[Math.toIntExact(size)];
            ledger.ownMemory().read(at, bytes, 0, bytes.length);
            contents.put(at, bytes);
        });
        return contents;
    }

    /** Page sizes that fit the address space and the output size, ascending. */
    List<Long> sizes() {
        List<Long> sizes = new ArrayList<>();
        PageTableConfig narrowed = table().config();
        for (long left = narrowed.pageSizes(); left != 0; left &= left - 1) {
            long size = Long.lowestOneBit(left);
            if (Long.compareUnsigned(size - 1, last() - first()) <= 0 && size >>> 1 < 1L << narrowed.outputBits() - 1) {
                sizes.add(size);
            }
        }
        return sizes;
    }

    /** Page sizes at which a whole table can be unmapped, ascending. */
    List<Long> tableSizes() {
        long spans = subject.tableSpans().applyAsLong(table().config());
        return sizes().stream().filter(size -> (spans & size) != 0).toList();
    }

    /** Pages in the tables that hold the smallest pages. */
    long pagesInTable() {
        long spans = subject.tableSpans().applyAsLong(table().config());
        long covered = spans == 0 ? last() - first() + 1 : Long.lowestOneBit(spans);
        return covered / page();
    }

    /** The n-th address of a size, from the first one that is aligned to it. */
    long iova(long size, long n) {
        return (first() + size - 1 & -size) + n * size;
    }

    /** Some physical address of a size; 0 only where nothing else fits. */
    long paddr(long size, long n) {
        long limit = 1L << table().config().outputBits();
        return (n + 1) * size & limit - 1;
    }

    int prot() {
        return subject.protections().usual();
    }

    long map(long iova, long paddr, long size, long count) {
        return table().mapPages(iova, paddr, size, count, prot());
    }

    long unmap(long iova, long size, long count) {
        return table().unmapPages(iova, size, count, gather);
    }

    /** Completes what the gather holds. */
    void sync() {
        ledger.sync(gather);
    }

    void assertTranslates(long iova, long paddr, long bytes) {
        for (long offset : new long[] {0, 1, bytes / 2, bytes - 1}) {
            assertThat(table().iovaToPhys(iova + offset))
                    .as("iovaToPhys(0x%x)", iova + offset)
                    .isEqualTo(paddr + offset);
        }
    }

    void assertUnmapped(long iova, long bytes) {
        for (long offset : new long[] {0, bytes / 2, bytes - 1}) {
            assertThat(table().iovaToPhys(iova + offset))
                    .as("iovaToPhys(0x%x)", iova + offset)
                    .isZero();
        }
    }

    /** A map must fail so; what it mapped before stays mapped. */
    void assertRefused(Errno errno, long mapped, Runnable map) {
        Throwable thrown = catchThrowable(map::run);
        assertThat(thrown).as("map").isInstanceOf(MappingException.class);
        assertThat(((IommuException) thrown).errno()).as("%s", thrown).isEqualTo(errno);
        assertThat(((MappingException) thrown).mapped())
                .as("mapped() of %s", thrown)
                .isEqualTo(mapped);
    }

    /** Leaves the tables as they are: what follows a caller's mistake may leak, and no more is known of them. */
    void abandon() {
        table = null;
    }

    /** What holds after any case: the accounts are right, and everything goes back with the space. */
    void finish() {
        if (table == null) {
            ledger.verify();
            return;
        }
        ledger.verify();
        assertThat(ledger.walked()).as("what the hardware was told").isEqualTo(table.walkerConfig());
        assertThat(table.survey().tableBytes())
                .as("tables that the survey sees")
                .isEqualTo(ledger.liveBytes());
        assertThat(table.survey().tables()).isGreaterThanOrEqualTo(ledger.live().size());
        sync();
        ledger.settle();
        table.free();
        assertThat(ledger.live()).as("tables that were not given back").isEmpty();
        ledger.verify();
    }
}
