package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;

/** A page table object over tables that are in memory already. */
public abstract class AdoptionCases {
    /** What leaves grant that a case maps. */
    protected static final int RW = Prot.READ | Prot.WRITE;

    private static final long M2 = 2 << 20;

    /** Whose memory the tables are in. */
    protected final TestHost host = new TestHost();
    /** Where a case writes a top table by hand: nothing is there yet. */
    protected final long root = TestHost.POOL.base();

    private final PageTableConfig usual;
    private final long misaligned;

    /**
     * Cases of a format.
     *
     * @param usual configuration of single cases; if it offers 2M, with physical addresses above 2^41
     * @param misaligned bytes from {@link #root} at which no root may be
     */
    protected AdoptionCases(PageTableConfig usual, long misaligned) {
        this.usual = usual;
        this.misaligned = misaligned;
    }

    /** Configurations whose tables are taken over. */
    protected abstract List<PageTableConfig> each();

    /** The format of a configuration. */
    protected abstract PageTableFormat format(PageTableConfig config);

    /** Takes over tables in memory. */
    protected final PageTable adopt(PageTableConfig config, long top) {
        return format(config).adopt(config, top, host);
    }

    @Test
    void adoptedTablesMapTheSameAndNothingIsWritten() {
        each().forEach(this::adoptedMapsTheSame);
    }

    private void adoptedMapsTheSame(PageTableConfig config) {
        PageTable old = format(config).create(config, host);
        fill(old);
        byte[] before = tablesInMemory();
        long held = host.allocatedBytes();

        PageTable successor = adopt(config, old.walkerConfig().root());

        assertThat(tablesInMemory()).isEqualTo(before);
        assertThat(host.allocatedBytes()).isEqualTo(held);
        assertThat(successor.survey()).isEqualTo(old.survey());
        assertThat(successor.survey().digest()).isNotZero();
        assertThat(successor.survey().leaves()).as("%s", config).isGreaterThan(100);
        assertThat(successor.survey().leavesBySize().size())
                .as("sizes of %s", config)
                .isGreaterThanOrEqualTo(Math.min(2, Long.bitCount(old.config().pageSizes())));
        assertThat(successor.walkerConfig()).isEqualTo(old.walkerConfig());
        assertThat(successor.config()).isEqualTo(old.config());
        old.walk(0, -1, (iova, paddr, size, entry, prot) -> {
            assertThat(successor.iovaToPhys(iova + size - 1)).isEqualTo(paddr + size - 1);
            return true;
        });
        unmapEverything(successor);
        successor.free();
        host.freeRetired();
        assertThat(host.allocatedBytes()).as("left of %s", config).isZero();
    }

    private static void fill(PageTable table) {
        Random random = new Random(7);
        PageTableConfig config = table.config();
        boolean whole = table.firstIova() == 0 && table.lastIova() == -1; // sign-extended, or all 64 bits
        long page = Long.lowestOneBit(config.pageSizes());
        for (long sizes = config.pageSizes(); sizes != 0; sizes &= sizes - 1) {
            long size = Long.lowestOneBit(sizes);
            for (int i = 0; i < 60; i++) {
                long any = whole
                        ? random.nextLong() >> 64 - config.inputBits()
                        : random.nextLong() & table.lastIova() - table.firstIova();
                long paddr = i * 3 * size & (1L << config.outputBits()) - 1;
                try {
                    table.mapPages(table.firstIova() + (any & -size), paddr, size, size == page ? 3 : 1 + i % 2, RW);
                } catch (MappingException taken) {
                    assertThat(taken.errno()).isIn(Errno.EEXIST, Errno.ERANGE);
                }
            }
        }
    }

    private void unmapEverything(PageTable table) {
        IotlbGather gather = new IotlbGather();
        table.walk(0, -1, (iova, paddr, size, entry, prot) -> {
            assertThat(table.unmapPages(iova, size, 1, gather)).isEqualTo(size);
            return true;
        });
        host.sync(gather);
        assertThat(table.survey().leaves()).isZero();
    }

    private byte[] tablesInMemory() {
        byte[] bytes = new byte[32 << 20];
        host.memory().read(root, bytes, 0, bytes.length);
        return bytes;
    }

    @Test
    void rootThatIsNotAlignedOrNotMemoryIsRefused() {
        for (long bad : new long[] {root + misaligned, root + 8, 0, -4096, TestHost.POOL.last() + 1}) {
            assertThatThrownBy(() -> adopt(usual, bad))
                    .isInstanceOf(IommuException.class)
                    .hasMessageStartingWith("EINVAL")
                    .hasMessageContaining(String.format("0x%x", bad));
        }
    }

    @Test
    void leafAboveTheOutputSizeOutsideTheRangeOrOfASizeThatIsNotOfferedIsRefused() {
        if ((usual.pageSizes() & M2) == 0) {
            return;
        }
        PageTable old = format(usual).create(usual, host);
        old.mapPages(0, 1L << 41, M2, 1, RW);
        long top = old.walkerConfig().root();
        refused("0xffffffffff", with(usual.inputBits(), 40), top);
        refused("0x200000", usual.withPageSizes(4096), top);
        if (old.firstIova() == 0 && old.lastIova() == -1) {
            old.mapPages(-4096, 0, 4096, 1, RW);
            refused("out of range", with(usual.inputBits() - 1, usual.outputBits()), top);
        }
    }

    private void refused(String why, PageTableConfig config, long top) {
        assertThatThrownBy(() -> adopt(config, top))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining(why);
    }

    private PageTableConfig with(int inputBits, int outputBits) {
        return new PageTableConfig(
                usual.format(), usual.pageSizes(), inputBits, outputBits, usual.coherentWalk(), usual.quirks());
    }

    /** An entry in memory must be refused as a part of the tables at {@link #root}, and named; it is taken back then. */
    protected final void assertRefused(long at, long entry, String why) {
        assertRefused(usual, at, entry, why);
    }

    /** The same in another configuration. */
    protected final void assertRefused(PageTableConfig config, long at, long entry, String why) {
        long before = host.memory().read64(at);
        host.memory().write64(at, entry);
        assertThatThrownBy(() -> adopt(config, root))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(String.format("0x%x", at))
                .hasMessageContaining(String.format("0x%016x", entry))
                .hasMessageContaining(why);
        host.memory().write64(at, before);
    }
}
