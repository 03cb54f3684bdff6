package org.sluice.pgtable.riscv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** A page table object over tables that are in memory already. */
class AdoptionTest {
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestHost host = new TestHost();

    static List<PageTableConfig> configs() {
        return Configs.each();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void adoptedTablesMapTheSameAndNothingIsWritten(PageTableConfig config) {
        PageTable old = Configs.format(config).create(config, host);
        fill(old);
        byte[] before = tablesInMemory();
        long held = host.allocatedBytes();

        PageTable successor =
                Configs.format(config).adopt(config, old.walkerConfig().root(), host);

        assertThat(tablesInMemory()).isEqualTo(before);
        assertThat(host.allocatedBytes()).isEqualTo(held);
        assertThat(successor.survey()).isEqualTo(old.survey());
        assertThat(successor.survey().leaves()).isGreaterThan(100);
        assertThat(successor.survey().leavesBySize()).hasSizeGreaterThan(2);
        assertThat(successor.walkerConfig()).isEqualTo(old.walkerConfig());
        assertThat(successor.config()).isEqualTo(old.config());
        old.walk(0, -1, (iova, paddr, size, entry, prot) -> {
            assertThat(successor.iovaToPhys(iova + size - 1)).isEqualTo(paddr + size - 1);
            return true;
        });
        unmapEverything(successor);
        successor.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    private static void fill(PageTable table) {
        Random random = new Random(7);
        boolean halves = Configs.hasHalves(table.config());
        for (long sizes = table.config().pageSizes(); sizes != 0; sizes &= sizes - 1) {
            long size = Long.lowestOneBit(sizes);
            for (int i = 0; i < 60; i++) {
                long iova = random.nextLong() >> 64 - table.config().inputBits() & -size;
                long paddr = i * 3 * size & (1L << table.config().outputBits()) - 1;
                try {
                    table.mapPages(halves ? iova : iova & table.lastIova(), paddr, size, 1 + i % 2, RW);
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
        host.memory().read(TestHost.POOL.base(), bytes, 0, bytes.length);
        return bytes;
    }

    @Test
    void rootThatIsNotAlignedOrNotMemoryIsRefused() {
        long root = TestHost.POOL.base();
        for (long bad : new long[] {root + 64, root + 8, 0, -4096, TestHost.POOL.last() + 1}) {
            assertThatThrownBy(() -> Configs.SV39.adopt(Configs.of(Configs.SV39, 39), bad, host))
                    .isInstanceOf(IommuException.class)
                    .hasMessageStartingWith("EINVAL")
                    .hasMessageContaining(String.format("0x%x", bad));
        }
    }

    @Test
    void entryThatCannotBeIsRefusedWithItsAddressAndValue() {
        long root = TestHost.POOL.base();
        long middle = root + 0x1000;
        long table = root + 0x2000;
        assertRefused(root + 8, 0xfe, "neither empty nor a leaf"); // V is 0
        assertRefused(root + 8, 0x1000_0cd7L, "multiple of 0x40000000");
        assertRefused(root + 8, 0x1000_00c5L, "reserved"); // W without R
        assertRefused(root + 8, 0x8000_0000_1000_20d7L, "64K"); // N where no pages are
        assertRefused(root, pointer(0x4000_0000L), "not memory");
        assertRefused(root, pointer(middle) | 0x40, "bits of a leaf");
        assertRefused(root, pointer(root), "twice");
        host.memory().write64(root, pointer(middle));
        assertRefused(root + 8, pointer(middle), "twice");
        assertRefused(middle + 8, 0x1000_04d7L, "multiple of 0x200000");
        host.memory().write64(middle, pointer(table));
        assertRefused(table, pointer(root + 0x3000), "neither empty nor a leaf"); // a table below the last level
        assertRefused(table + 8 * 16, 0x8000_0000_1000_00d7L, "range of 64K"); // N without its size
        assertRefused(table + 8 * 16, 0x8000_0000_1000_24d7L, "range of 64K"); // size 8K, or so
        assertRefused(table + 8 * 16, 0x8000_0000_1000_20d7L, "16 equal"); // alone
        for (int i = 16; i < 32; i++) {
            host.memory().write64(table + 8L * i, 0x8000_0000_1000_20d7L);
        }
        assertRefused(table + 8 * 31, 0x8000_0000_1000_60d7L, "16 equal");
        // Hardware may mark a single entry of a range.
        host.memory().write64(table + 8 * 17, 0x8000_0000_1000_2017L);
        assertThat(Configs.SV39.adopt(Configs.of(Configs.SV39, 39), root, host).iovaToPhys(0x1_2345))
                .isEqualTo(0x4000_2345L);
    }

    @Test
    void leafAboveTheOutputSizeOutsideTheRangeOrOfASizeThatIsNotOfferedIsRefused() {
        PageTable old = Configs.SV39.create(Configs.of(Configs.SV39, 39), host);
        old.mapPages(0, 1L << 41, 2 << 20, 1, RW);
        long root = old.walkerConfig().root();
        assertThatThrownBy(() -> Configs.SV39.adopt(Configs.of(Configs.SV39, Configs.SIZES, 39, 40), root, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0xffffffffff");
        assertThatThrownBy(() -> Configs.SV39.adopt(Configs.of(Configs.SV39, 39).withPageSizes(4096), root, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0x200000");
        old.mapPages(-4096, 0, 4096, 1, RW);
        assertThatThrownBy(() -> Configs.SV39.adopt(Configs.of(Configs.SV39, 38), root, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("out of range");
    }

    private static long pointer(long table) {
        return table >>> 2 | 1;
    }

    private void assertRefused(long at, long entry, String why) {
        long root = TestHost.POOL.base();
        long before = host.memory().read64(at);
        host.memory().write64(at, entry);
        assertThatThrownBy(() -> Configs.SV39.adopt(Configs.of(Configs.SV39, 39), root, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(String.format("0x%x", at))
                .hasMessageContaining(String.format("0x%016x", entry))
                .hasMessageContaining(why);
        host.memory().write64(at, before);
    }
}
