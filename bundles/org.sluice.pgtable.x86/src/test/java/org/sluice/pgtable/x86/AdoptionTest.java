package org.sluice.pgtable.x86;

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
            assertThatThrownBy(() -> Configs.FIRST.adopt(Configs.of(Configs.FIRST, 48), bad, host))
                    .isInstanceOf(IommuException.class)
                    .hasMessageStartingWith("EINVAL")
                    .hasMessageContaining(String.format("0x%x", bad));
        }
    }

    @Test
    void entryOfTheFirstStageThatCannotBeIsRefusedWithItsAddressAndValue() {
        long root = TestHost.POOL.base();
        long table = root + 0x1000;
        PageTableConfig config = Configs.of(Configs.FIRST, 48);
        assertRefused(config, root + 8, 0xe6, "neither empty nor a leaf"); // P is 0
        assertRefused(config, root + 8, 0x4000_00e7L, "leaves of 0x8000000000"); // no leaves of 512G
        assertRefused(config, root, 0x4000_0027L, "not memory");
        assertRefused(config, root, table | 0x25, "takes rights"); // not writable
        assertRefused(config, root, table | 0x23, "takes rights"); // not for users
        assertRefused(config, root, table | 1L << 63 | 0x27, "takes rights"); // not executable
        assertRefused(config, root, root | 0x27, "twice");
        host.memory().write64(root, table | 0x27);
        assertRefused(config, root + 8, table | 0x27, "twice");
        assertRefused(config, table, 0x4020_00e7L, "multiple of 0x40000000"); // 1G leaf at a 2M address
        host.memory().write64(table, 0x4000_00e7L);
        assertThat(Configs.FIRST.adopt(config, root, host).iovaToPhys(0x1_2345)).isEqualTo(0x4001_2345L);
    }

    @Test
    void entryOfTheSecondStageThatCannotBeIsRefusedWithItsAddressAndValue() {
        long root = TestHost.POOL.base();
        long table = root + 0x1000;
        PageTableConfig config = Configs.of(Configs.SECOND, 39);
        assertRefused(config, root + 8, 0x4000_0080L, "neither empty nor a leaf"); // neither R nor W
        assertRefused(config, root + 8, 0x4020_0083L, "multiple of 0x40000000");
        assertRefused(config, root, table | 1, "takes rights");
        assertRefused(config, root, table | 2, "takes rights");
        host.memory().write64(root, table | 3);
        assertRefused(config, table + 8, root | 3, "twice");
        host.memory().write64(table, 0x4000_0082L); // a write-only leaf of 2M
        assertThat(Configs.SECOND.adopt(config, root, host).iovaToPhys(0x1_2345))
                .isEqualTo(0x4001_2345L);
    }

    @Test
    void leafAboveTheOutputSizeOutsideTheRangeOrOfASizeThatIsNotOfferedIsRefused() {
        PageTable old = Configs.FIRST.create(Configs.of(Configs.FIRST, 48), host);
        old.mapPages(0, 1L << 41, 2 << 20, 1, RW);
        long root = old.walkerConfig().root();
        assertThatThrownBy(() -> Configs.FIRST.adopt(Configs.of(Configs.FIRST, Configs.SIZES, 48, 40), root, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0xffffffffff");
        assertThatThrownBy(
                        () -> Configs.FIRST.adopt(Configs.of(Configs.FIRST, 48).withPageSizes(4096), root, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0x200000");
        old.mapPages(-4096, 0, 4096, 1, RW);
        assertThatThrownBy(() -> Configs.FIRST.adopt(Configs.of(Configs.FIRST, 47), root, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("out of range");
    }

    private void assertRefused(PageTableConfig config, long at, long entry, String why) {
        long root = TestHost.POOL.base();
        long before = host.memory().read64(at);
        host.memory().write64(at, entry);
        assertThatThrownBy(() -> Configs.format(config).adopt(config, root, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(String.format("0x%x", at))
                .hasMessageContaining(String.format("0x%016x", entry))
                .hasMessageContaining(why);
        host.memory().write64(at, before);
    }
}
