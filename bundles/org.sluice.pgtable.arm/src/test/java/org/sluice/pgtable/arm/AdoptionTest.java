package org.sluice.pgtable.arm;

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
        PageTable old = Formats.create(config, host);
        fill(old);
        byte[] before = tablesInMemory();
        long held = host.allocatedBytes();

        PageTable successor = Formats.adopt(config, old.walkerConfig().root(), host);

        assertThat(tablesInMemory()).isEqualTo(before);
        assertThat(host.allocatedBytes()).isEqualTo(held);
        assertThat(successor.survey()).isEqualTo(old.survey());
        assertThat(successor.survey().leaves()).isGreaterThan(100);
        assertThat(successor.walkerConfig()).isEqualTo(old.walkerConfig());
        assertThat(successor.config()).isEqualTo(old.config());
        old.walk(0, -1, (iova, paddr, size, descriptor, prot) -> {
            assertThat(successor.iovaToPhys(iova + size - 1)).isEqualTo(paddr + size - 1);
            return true;
        });
        unmapEverything(successor);
        successor.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    private static void fill(PageTable table) {
        Random random = new Random(7);
        long page = Long.lowestOneBit(table.config().pageSizes());
        for (long sizes = table.config().pageSizes(); sizes != 0; sizes &= sizes - 1) {
            long size = Long.lowestOneBit(sizes);
            for (int i = 0; i < 60; i++) {
                long offset = (random.nextLong() & table.lastIova() - table.firstIova()) & -size;
                long count = size == page ? 3 : 1;
                try {
                    table.mapPages(table.firstIova() + offset, i * 3 * size & 0xff_ffff_ffffL, size, count, RW);
                } catch (MappingException taken) {
                    assertThat(taken.errno()).isIn(Errno.EEXIST, Errno.ERANGE);
                }
            }
        }
    }

    private void unmapEverything(PageTable table) {
        IotlbGather gather = new IotlbGather();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> {
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
            assertThatThrownBy(() -> Formats.adopt(Configs.of(Configs.SIZES_4K), bad, host))
                    .isInstanceOf(IommuException.class)
                    .hasMessageStartingWith("EINVAL")
                    .hasMessageContaining(String.format("0x%x", bad));
        }
    }

    @Test
    void descriptorThatCannotBeIsRefusedWithItsAddressAndValue() {
        long root = TestHost.POOL.base();
        long table = root + 0x1000;
        assertRefused(root + 16, 0x4000_0001L, "leaves of"); // no blocks of 512G
        assertRefused(root + 8, 0xff0, "type"); // neither empty nor valid
        assertRefused(root + 8, 2, "type");
        assertRefused(root, 0x4000_0003L, "not memory");
        assertRefused(root, table | 1L << 47 | 3, "not memory");
        host.memory().write64(root, table | 3);
        assertRefused(root + 8, table | 3, "twice");
        assertRefused(root + 8, root | 3, "twice");
        assertRefused(table, root | 3, "twice");
        assertRefused(table + 8, 0x4020_0f45L, "multiple"); // 1G block at a 2M address
        host.memory().write64(table, root + 0x2000 | 3);
        host.memory().write64(root + 0x2000, root + 0x3000 | 3);
        assertRefused(root + 0x3000, 0x4000_0f45L, "type"); // block at the last level
        assertRefused(root + 0x3008, 0x0010_0000_4000_0f47L, "contiguous");
        host.memory().write64(root + 0x3000, 0x4000_0f47L);
        assertThat(Formats.adopt(Configs.of(Configs.SIZES_4K), root, host).iovaToPhys(5))
                .isEqualTo(0x4000_0005L);
    }

    @Test
    void leafAboveTheOutputSizeAndOfASizeThatIsNotOfferedAreRefused() {
        PageTable old = Formats.create(Configs.of(Configs.SIZES_4K), host);
        old.mapPages(0, 1L << 41, 2 << 20, 1, RW);
        long root = old.walkerConfig().root();
        assertThatThrownBy(() -> Formats.adopt(Configs.of(Configs.SIZES_4K, 48, 40, 0), root, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0xffffffffff");
        assertThatThrownBy(() -> Formats.adopt(Configs.of(4096), root, host))
                .hasMessageContaining("EINVAL")
                .hasMessageContaining("0x200000");
    }

    private void assertRefused(long at, long descriptor, String why) {
        long root = TestHost.POOL.base();
        long before = host.memory().read64(at);
        host.memory().write64(at, descriptor);
        assertThatThrownBy(() -> Formats.adopt(Configs.of(Configs.SIZES_4K), root, host))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining(String.format("0x%x", at))
                .hasMessageContaining(String.format("0x%016x", descriptor))
                .hasMessageContaining(why);
        host.memory().write64(at, before);
    }
}
